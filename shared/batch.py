"""The batch runner: the one way from a batch of records to something committed.

Decode every record, hand what came out to the service's commit, return; Kafka's offsets are committed after
that, by the framework. A crash anywhere redelivers records whose effect may be there already, and every commit
is idempotent. Nothing in a record can stop the stream: what is wrong with it becomes a dead letter, what passes
by itself is tried again, and what is wrong with us is found by bisecting the batch.
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

# A failed commit is tried again after 0.05 s doubling to 2 s, until a minute after its delivery began, by the clock:
# a try takes up to 90 s by itself. Then the batch is rewound and delivered again, so the trying never really ends.
_FIRST_PAUSE_S: Final = 0.05
_MAX_PAUSE_S: Final = 2.0
_RETRY_BUDGET_S: Final = 60.0
# No delivery takes longer, whatever hangs, and its rollback at most 90 s more: below the poll interval of the group
# (300 s), which expels a member that does not come back in time. What was committed by then stays committed.
_DELIVERY_LIMIT_S: Final = 180.0
# A commit that fails for so long is reported on /readyz, unless Kafka or PostgreSQL are reported as away by then, which
# takes 15 s. The report expires, since another replica may have the partition by now.
_REPORT_AFTER_S: Final = 20.0
_REPORT_LASTS_S: Final = 200.0
_SERVERS: Final = frozenset({"kafka", "postgres"})
# Decoded without letting others run: about 0.2 ms, by which an answer of the database waits at most.
_YIELD_EVERY: Final = 8


@dataclass(frozen=True, slots=True)
class Applied:
    """What a commit did: facts that changed, and events of an equal revision with other content."""

    changed: int
    conflicts: int = 0

    def __add__(self, other: "Applied") -> "Applied":
        return Applied(self.changed + other.changed, self.conflicts + other.conflicts)


Decode = Callable[[Record], E | Rejected | None]
"""A record to an event or the verdict on it; None when it says nothing. Must not raise for anything in the data."""


class _Decoded(NamedTuple, Generic[E]):
    """What became of records before anything is committed."""

    events: list[E]
    dead_letters: list[DeadLetter]


class Commit(Protocol[E_contra]):
    """Make a batch durable, dead letters included; calling it again with the same batch changes nothing."""

    async def __call__(self, events: Sequence[E_contra], dead_letters: Sequence[DeadLetter]) -> Applied: ...


class BatchRunner(Generic[E]):
    """Runs the batches of one topic of one service.

    Guarantee: when `run` returns, every record of the batch is committed, as an event or as a dead letter. It runs one
    batch at a time.
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
        """`max_records` is the number of records committed together; a longer batch is committed in parts."""
        self._topic, self._decode, self._commit, self._largest = topic, decode, commit, max_records
        self._part = f"commit of {topic}"
        self._metrics, self._logger, self._health = metrics, logger, health
        self._wall, self._monotonic = wall, monotonic
        self._retries_end = monotonic() + _RETRY_BUDGET_S

    async def run(self, records: Sequence[Record]) -> None:
        """Decode and commit one batch; raises only what passes by itself and outlasted the retry budget, and
        TimeoutError where the whole takes too long."""
        started = time.perf_counter()
        self._retries_end = self._monotonic() + _RETRY_BUDGET_S
        async with asyncio.timeout(_DELIVERY_LIMIT_S):
            await self._run_parts(records)
        self._metrics.batch_seconds.observe(time.perf_counter() - started)
        self._metrics.batch_records.observe(len(records))

    async def attempt(self, record: Record) -> Rejected | None:
        """Process one record again, by the code of now: None when it counts, else the verdict. Writes no letter."""
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
        """Part after part. While one is committed, which is mostly waiting, the next is decoded; no two are
        committed at a time, and whatever ends this, nothing of it is left running."""
        committing: asyncio.Task[None] | None = None
        try:
            for first in range(0, len(records), self._largest):
                part = records[first : first + self._largest]
                decoded = await self._decode_all(part, yield_to_loop=committing is not None)
                if committing is not None:
                    await committing
                committing = asyncio.create_task(self._commit_or_bisect(part, decoded))
            if committing is not None:
                await committing
        finally:
            if committing is not None and not committing.done():
                committing.cancel()
                await asyncio.gather(committing, return_exceptions=True)

    async def _decode_all(self, records: Sequence[Record], yield_to_loop: bool) -> _Decoded[E]:
        """Events and letters; `yield_to_loop` lets whoever waits for the loop run between a few records."""
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
        """Find the record that our code cannot stand: it becomes a letter, its neighbours count."""
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
        """Commit, again while the surroundings are away. A COMMIT whose answer was lost is tried again too."""
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
