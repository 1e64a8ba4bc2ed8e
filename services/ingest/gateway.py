"""The HTTP gateway's core: events judged as any record is, and settled before their sender gets an answer.

When `receive` returns, Kafka has acknowledged every accepted event and every rejected one is a dead letter. A sender
without such an answer repeats: an event that came twice is harmless, and a letter is kept once.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from services.ingest.decode import Accepted, Context, validate
from services.ingest.gateway_message import as_record, stream_of
from shared.batch import Commit
from shared.contracts.reasons import Reason
from shared.dead_letters import GATEWAY, DeadLetter, Rejected
from shared.failure import Failure, classify
from shared.metrics import PipelineMetrics
from shared.record import Headers, PlainRecord

SETTLE_S: Final = 7.0  # with CANCEL_S of a connection, an answer comes within 10 s, if only to send the same again
_TURN: Final = 100  # events judged before others get a turn on the loop

Outcome = Accepted | Rejected
Judgement = tuple[PlainRecord, Outcome]


class UnavailableError(Exception):
    """Kafka or PostgreSQL does not answer now: the sender is to send the same again."""


class Gateway:
    """Takes events outside of Kafka to the same end as those of the raw topics."""

    def __init__(
        self,
        context: Callable[[], Context],
        commit: Commit[Accepted],
        metrics: PipelineMetrics,
        logger: logging.Logger,
    ) -> None:
        self._context, self._commit, self._metrics, self._logger = context, commit, metrics, logger

    async def receive(self, values: Sequence[bytes], headers: Headers = ()) -> list[Outcome]:
        """What became of each event, in their order. Raises UnavailableError: then some may count, some not."""
        judged: list[Judgement] = []
        for number, value in enumerate(values, 1):
            judged.append(self._judge(value, headers))
            if number % _TURN == 0:
                await asyncio.sleep(0)
        return await self._settle(judged)

    async def refuse(self, body: bytes, headers: Headers, detail: str) -> Rejected:
        """Keep a body in which no event can be made out. Raises UnavailableError."""
        verdict = Rejected(Reason.UNDECODABLE, detail)
        await self._settle([(self._record(body, headers), verdict)])
        return verdict

    def _record(self, value: bytes, headers: Headers) -> PlainRecord:
        return as_record(value, headers, self._context().keyring.keys[0].secret)

    def _judge(self, value: bytes, headers: Headers) -> Judgement:
        record = self._record(value, headers)
        try:
            stream = stream_of(record.value, headers)
            return record, validate(record.value, headers, stream, self._context())
        except Exception as error:  # nothing in an event should be able to; should it be, its neighbours count
            return record, self._bug(error)

    async def _settle(self, judged: list[Judgement]) -> list[Outcome]:
        try:
            async with asyncio.timeout(SETTLE_S):
                settled = await self._keep(judged)
        except Exception as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            self._metrics.commit_error(type(error).__name__)
            self._logger.warning("the gateway asks a sender to try again", extra={"kind": type(error).__name__})
            raise UnavailableError from error
        accepted = [outcome for outcome in settled if isinstance(outcome, Accepted)]
        self._metrics.count(GATEWAY, "applied", len(accepted))
        self._metrics.count(GATEWAY, "rejected", len(settled) - len(accepted))
        self._metrics.left_out(GATEWAY, sum(outcome.left_out for outcome in accepted))
        return settled

    async def _keep(self, judged: list[Judgement]) -> list[Outcome]:
        """Commit all; where our code cannot stand one of them, find it by halving: it alone becomes a letter."""
        try:
            await self._commit(
                [outcome for _, outcome in judged if isinstance(outcome, Accepted)],
                [DeadLetter(record, outcome) for record, outcome in judged if isinstance(outcome, Rejected)],
            )
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            if len(judged) > 1:
                middle = len(judged) // 2
                return await self._keep(judged[:middle]) + await self._keep(judged[middle:])
            verdict = self._bug(error)
            await self._commit([], [DeadLetter(judged[0][0], verdict)])
            return [verdict]
        return [outcome for _, outcome in judged]

    def _bug(self, error: Exception) -> Rejected:
        self._logger.error("an event of the gateway cannot be processed and becomes a dead letter", exc_info=error)
        return Rejected(Reason.HANDLER_BUG, type(error).__name__)
