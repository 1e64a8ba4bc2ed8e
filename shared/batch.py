"""The batch runner: the only path from a batch of records to a commit.

It decodes every record, passes the results to the service's commit and returns. FastStream commits the Kafka offsets
after that. A crash redelivers records that may already be applied, and every commit is idempotent. No record can stop
the stream: an invalid record becomes a dead letter, a transient error is retried, and a record that our own code cannot
process is found by bisecting the batch.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter, Rejected
from shared.failure import Failure, classify
from shared.health import Health
from shared.metrics import PipelineMetrics
from shared.record import Record

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)

# A failed commit is retried after 0.05 s, doubling to 2 s, until a minute after its delivery began; a single attempt
# takes up to 90 s. Then the batch is rewound and delivered again, so retries never end.
_FIRST_PAUSE_S: Final = 0.05
_MAX_PAUSE_S: Final = 2.0
_RETRY_BUDGET_S: Final = 60.0
# Timeout of a delivery. Its rollback takes at most 90 s more. Together they are below the poll interval of the group
# (300 s), which expels a member that does not poll in time. Parts committed by then stay committed.
_DELIVERY_LIMIT_S: Final = 180.0
# A commit that fails for this long is reported on /readyz, unless Kafka or PostgreSQL is reported by then, which takes
# 15 s. The report expires, because another replica may have taken over the partition.
_REPORT_AFTER_S: Final = 20.0
_REPORT_LASTS_S: Final = 200.0
_SERVERS: Final = frozenset({"kafka", "postgres"})
# Records decoded without yielding to the event loop: about 0.2 ms, the longest that a database response waits.
_YIELD_EVERY: Final = 8


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a commit: facts that changed, and events with an equal revision but other content."""

    changed: int
    conflicts: int = 0

    def __add__(self, other: "Applied") -> "Applied":
        return Applied(self.changed + other.changed, self.conflicts + other.conflicts)


Decode = Callable[[Record], E | Rejected | None]
"""Turns a record into an event or a verdict; None when it carries nothing. Must not raise for any data."""


ObserveStep = Callable[[str, float], None]
"""Gets the name of a step of a batch and how long it took in seconds."""


class _Decoded(NamedTuple, Generic[E]):
    """The events and dead letters of decoded records, not committed yet."""

    events: list[E]
    dead_letters: list[DeadLetter]


class Commit(Protocol[E_contra]):
    """Makes a batch durable, including dead letters. Calling it again with the same batch changes nothing."""

    async def __call__(self, events: Sequence[E_contra], dead_letters: Sequence[DeadLetter]) -> Applied: ...


class BatchRunner(Generic[E]):
    """Runs the batches of one topic of one service.

    Guarantee: when `run` returns, every record of the batch is committed as an event or as a dead letter. One batch
    runs at a time.
    """

    def __init__(
        self,
        topic: str,
        decode: Decode[E],
        commit: Commit[E],
        metrics: PipelineMetrics,
        logger: logging.Logger,
        health: Health,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        max_records: int = 1000,
    ) -> None:
        """`max_records` is the number of records committed together; a longer batch is committed in parts, and metrics
        count each part as a batch."""
        self._topic, self._decode, self._commit, self._max_records = topic, decode, commit, max_records
        self._part = f"commit of {topic}"
        self._metrics, self._logger, self._health = metrics, logger, health
        self._wall, self._monotonic = wall, monotonic
        self._retries_end = monotonic() + _RETRY_BUDGET_S

    async def run(self, records: Sequence[Record]) -> None:
        """Decode and commit one batch. Raises only a transient error that outlasted the retry budget, and TimeoutError
        after the delivery limit."""
        self._retries_end = self._monotonic() + _RETRY_BUDGET_S
        async with asyncio.timeout(_DELIVERY_LIMIT_S):
            await self._run_parts(records)

    async def attempt(self, record: Record) -> Rejected | None:
        """Process one record again with the current code. Returns None when it is accepted, else the verdict. Writes no
        dead letter."""
        outcome = self._decode(record)
        if outcome is None or isinstance(outcome, Rejected):
            return outcome
        try:
            await self._commit([outcome], [])
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            return Rejected(Reason.HANDLER_BUG, type(error).__name__)
        return None

    async def _run_parts(self, records: Sequence[Record]) -> None:
        """Run part after part. While one commits, which is mostly waiting, the next is decoded. Only one part commits
        at a time, and no commit is left running when this ends."""
        committing: asyncio.Task[None] | None = None
        try:
            for first in range(0, len(records), self._max_records):
                part, started = records[first : first + self._max_records], time.perf_counter()
                decoded = await self._decode_all(part, yield_to_loop=committing is not None)
                self._metrics.step("decode", time.perf_counter() - started)
                if committing is not None:
                    await committing
                committing = asyncio.create_task(self._commit_part(part, decoded, started))
            if committing is not None:
                await committing
        finally:
            if committing is not None and not committing.done():
                committing.cancel()
                await asyncio.gather(committing, return_exceptions=True)

    async def _decode_all(self, records: Sequence[Record], yield_to_loop: bool) -> _Decoded[E]:
        """Decode records to events and dead letters. `yield_to_loop` lets other tasks run after every few records."""
        decoded = _Decoded[E]([], [])
        for number, record in enumerate(records):
            if yield_to_loop and number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            try:
                outcome = self._decode(record)
            except Exception as error:
                outcome = self._bug(record, error)
            if isinstance(outcome, Rejected):
                decoded.dead_letters.append(DeadLetter(record, outcome))
            elif outcome is not None:
                decoded.events.append(outcome)
        return decoded

    async def _commit_part(self, part: Sequence[Record], decoded: _Decoded[E], started: float) -> None:
        await self._commit_or_bisect(part, decoded)
        self._metrics.batch_seconds.observe(time.perf_counter() - started)
        self._metrics.batch_records.observe(len(part))

    async def _commit_or_bisect(self, records: Sequence[Record], decoded: _Decoded[E]) -> None:
        try:
            await self._commit_and_count(decoded)
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            await self._bisect(records, error)
        else:
            self._observe_freshness(records)

    async def _bisect(self, records: Sequence[Record], error: Exception) -> None:
        """Find the record that our code cannot process. It becomes a dead letter; the others are committed."""
        if len(records) > 1:
            middle = len(records) // 2
            for half in (records[:middle], records[middle:]):
                await self._commit_or_bisect(half, await self._decode_all(half, yield_to_loop=False))
            return
        (culprit,) = records
        await self._commit_and_count(_Decoded([], [DeadLetter(culprit, self._bug(culprit, error))]))
        self._observe_freshness(records)

    def _bug(self, culprit: Record, error: Exception) -> Rejected:
        kind = type(error).__name__
        self._logger.error(
            "a record cannot be processed and becomes a dead letter",
            extra={"topic": self._topic, "partition": culprit.partition, "offset": culprit.offset},
            exc_info=error,
        )
        return Rejected(Reason.HANDLER_BUG, kind)

    async def _commit_and_count(self, decoded: _Decoded[E]) -> None:
        events, dead_letters = decoded
        applied = await self._commit_with_retry(events, dead_letters)
        self._metrics.count(self._topic, "applied", applied.changed)
        self._metrics.count(self._topic, "unchanged", len(events) - applied.changed)
        self._metrics.count(self._topic, "rejected", len(dead_letters))
        self._metrics.conflicts(self._topic, applied.conflicts)

    async def _commit_with_retry(self, events: Sequence[E], dead_letters: Sequence[DeadLetter]) -> Applied:
        """Commit, and retry transient errors. A COMMIT whose response was lost is retried, too."""
        started, pause = self._monotonic(), _FIRST_PAUSE_S
        while True:
            try:
                applied = await self._commit(events, dead_letters)
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                self._observe_failure(error, self._monotonic() - started)
                if self._monotonic() + pause >= self._retries_end:
                    raise
            else:
                self._health.set_ok(self._part)
                return applied
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_S)

    def _observe_failure(self, error: Exception, failing_s: float) -> None:
        kind = type(error).__name__
        self._metrics.commit_error(kind)
        self._logger.warning("a commit failed, trying again", extra={"topic": self._topic, "kind": kind})
        if failing_s >= _REPORT_AFTER_S and _SERVERS.isdisjoint(self._health.problems()):
            self._health.set_problem(self._part, f"fails and is tried again: {kind}", _REPORT_LASTS_S)

    def _observe_freshness(self, records: Sequence[Record]) -> None:
        now = self._wall()
        for timestamp, times in Counter(record.timestamp for record in records).items():
            self._metrics.freshness.observe(max(0.0, now - timestamp / 1000), times)
