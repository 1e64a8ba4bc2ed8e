"""The core of the HTTP gateway: validates events like any record, and commits them before the sender gets an answer.

When `receive` returns, Kafka has acknowledged every accepted event, and every rejected one is a dead letter. A sender
without an answer sends again: a duplicate event is harmless, and a dead letter is kept once.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from services.ingest.gateway_message import as_record, stream_of
from services.ingest.validate import Accepted, Context, validate
from shared.batch import Commit
from shared.contracts.reasons import Reason
from shared.dead_letters import GATEWAY, DeadLetter, Rejected
from shared.failure import Failure, classify
from shared.metrics import PipelineMetrics
from shared.record import Headers, PlainRecord

COMMIT_TIMEOUT_S: Final = 7.0  # with CANCEL_S of a connection, every request gets an answer within 10 s
_YIELD_EVERY: Final = 100  # validated events between yields to the event loop

Outcome = Accepted | Rejected
RecordOutcome = tuple[PlainRecord, Outcome]


class UnavailableError(Exception):
    """Kafka or PostgreSQL does not answer now; the sender has to send the same again."""


class Gateway:
    """Processes events that arrive over HTTP as if they came from a raw topic."""

    def __init__(
        self,
        context: Callable[[], Context],
        commit: Commit[Accepted],
        metrics: PipelineMetrics,
        logger: logging.Logger,
    ) -> None:
        self._context, self._commit, self._metrics, self._logger = context, commit, metrics, logger

    async def receive(self, values: Sequence[bytes], headers: Headers = ()) -> list[Outcome]:
        """The outcome of each event, in their order. Raises UnavailableError: then some events may be committed."""
        results: list[RecordOutcome] = []
        for number, value in enumerate(values, 1):
            results.append(self._validate(value, headers))
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return await self._commit_within_timeout(results)

    async def reject_body(self, body: bytes, headers: Headers, detail: str) -> Rejected:
        """Keep a body without a readable event as a dead letter. Raises UnavailableError."""
        verdict = Rejected(Reason.UNDECODABLE, detail)
        await self._commit_within_timeout([(self._record(body, headers), verdict)])
        return verdict

    def _record(self, value: bytes, headers: Headers) -> PlainRecord:
        return as_record(value, headers, self._context().keyring.keys[0].secret)

    def _validate(self, value: bytes, headers: Headers) -> RecordOutcome:
        record = self._record(value, headers)
        try:
            stream = stream_of(record.value, headers)
            return record, validate(record.value, headers, stream, self._context())
        except Exception as error:  # a bug of ours: the other events of the batch still count
            return record, self._handler_bug(error)

    async def _commit_within_timeout(self, results: list[RecordOutcome]) -> list[Outcome]:
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                outcomes = await self._commit_all(results)
        except Exception as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            self._metrics.commit_error(type(error).__name__)
            self._logger.warning(
                "the gateway cannot commit and asks the sender to try again", extra={"kind": type(error).__name__}
            )
            raise UnavailableError from error
        accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        self._metrics.count(GATEWAY, "applied", len(accepted))
        self._metrics.count(GATEWAY, "rejected", len(outcomes) - len(accepted))
        self._metrics.left_out(GATEWAY, sum(outcome.unknown_fields for outcome in accepted))
        return outcomes

    async def _commit_all(self, results: list[RecordOutcome]) -> list[Outcome]:
        """Commit all. When an event triggers a bug, bisect: only that event becomes a dead letter."""
        try:
            await self._commit(
                [outcome for _, outcome in results if isinstance(outcome, Accepted)],
                [DeadLetter(record, outcome) for record, outcome in results if isinstance(outcome, Rejected)],
            )
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            if len(results) > 1:
                middle = len(results) // 2
                return await self._commit_all(results[:middle]) + await self._commit_all(results[middle:])
            verdict = self._handler_bug(error)
            await self._commit([], [DeadLetter(results[0][0], verdict)])
            return [verdict]
        return [outcome for _, outcome in results]

    def _handler_bug(self, error: Exception) -> Rejected:
        self._logger.error("an event of the gateway cannot be processed and becomes a dead letter", exc_info=error)
        return Rejected(Reason.HANDLER_BUG, type(error).__name__)
