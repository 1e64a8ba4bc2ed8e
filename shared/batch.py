"""The batch runner: the only path from records to a commit.

It decodes records, and commits the events of one county at a time. No record can stop the stream: an invalid record
becomes a dead letter, a transient error is retried for as long as it lasts, and a record that our own code cannot
process is found by bisecting. A crash redelivers records that may already be applied, and every commit is idempotent.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
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

NO_COUNTY: Final = ""
"""The county of dead letters, and of all events where nothing is locked by county."""
# A failed commit is retried after 0.05 s, doubling to 2 s. A single attempt takes up to 90 s.
_FIRST_PAUSE_S: Final = 0.05
_MAX_PAUSE_S: Final = 2.0
# How long a commit waits for the lock of its county, in a queue with other writers. After that the county is *held*: it
# gives its connection back and tries again at intervals, without waiting in between.
_PATIENCE_S: Final = 0.25
_HELD_PAUSE_S: Final = 0.05
# A commit that fails for this long is reported on /readyz, unless Kafka or PostgreSQL is reported by then, which takes
# 15 s. The report expires, because another replica may have taken over the partition.
_REPORT_AFTER_S: Final = 20.0
_REPORT_LASTS_S: Final = 200.0
_SERVERS: Final = frozenset({"kafka", "postgres"})
# Records decoded without yielding to the event loop: about 0.2 ms, the longest that a database response waits.
_YIELD_EVERY: Final = 8


class Held(TimeoutError):
    """Another writer holds the lock of the county. Nothing was committed."""


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


class Item(NamedTuple, Generic[E]):
    """A decoded record that is not committed yet."""

    record: Record
    outcome: E | Rejected


class Commit(Protocol[E_contra]):
    """Makes events of one county and dead letters durable, together. Calling it again with the same changes nothing.

    Raises Held when it waited for `patience_s` seconds for the lock of the county.
    """

    async def __call__(
        self, events: Sequence[E_contra], dead_letters: Sequence[DeadLetter], patience_s: float = 60.0
    ) -> Applied: ...


class BatchRunner(Generic[E]):
    """Decodes and commits records of one topic of one service. Has no state but its metrics."""

    def __init__(
        self,
        topic: str,
        decode: Decode[E],
        commit: Commit[E],
        metrics: PipelineMetrics,
        logger: logging.Logger,
        health: Health,
        county_of: Callable[[E], str] = lambda event: NO_COUNTY,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`county_of` tells whose lock the commit of an event takes."""
        self._topic, self._decode, self._commit, self._county_of = topic, decode, commit, county_of
        self._metrics, self._logger, self._health = metrics, logger, health
        self._wall, self._monotonic = wall, monotonic

    async def run(self, records: Sequence[Record]) -> None:
        """Decode records and commit them, county by county. Guarantee: when this returns, every record is committed as
        an event or as a dead letter."""
        for county, items in (await self.decode(records, yield_to_loop=False)).items():
            await self.commit(county, items)

    async def attempt(self, record: Record) -> Rejected | None:
        """Process one record again with the current code. Returns None when it is accepted, else the verdict. Writes no
        dead letter. Raises transient errors, also Held."""
        outcome = self._decode(record)
        if outcome is None or isinstance(outcome, Rejected):
            return outcome
        try:
            await self._commit([outcome], [], _PATIENCE_S)
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            return Rejected(Reason.HANDLER_BUG, type(error).__name__)
        return None

    async def decode(self, records: Sequence[Record], yield_to_loop: bool) -> dict[str, list[Item[E]]]:
        """Decode records, and group events by county, and dead letters under NO_COUNTY. Records that carry nothing are
        left out. `yield_to_loop` lets other tasks run after every few records."""
        started = time.perf_counter()
        by_county: dict[str, list[Item[E]]] = defaultdict(list)
        for number, record in enumerate(records):
            if yield_to_loop and number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            try:
                outcome = self._decode(record)
            except Exception as error:
                outcome = self._bug(record, error)
            if outcome is not None:
                county = NO_COUNTY if isinstance(outcome, Rejected) else self._county_of(outcome)
                by_county[county].append(Item(record, outcome))
        self._metrics.step("decode", time.perf_counter() - started)
        return by_county

    async def commit(self, county: str, items: Sequence[Item[E]], on_delay: Callable[[], None] = lambda: None) -> None:
        """Commit items of one county in one transaction, or several if one of them fails.

        Tries again until it succeeds. `on_delay` is called when the county is held, and when commits have failed for
        20 s: others should not wait for it.
        """
        started = time.perf_counter()
        pause, patience_s, first_failure = _FIRST_PAUSE_S, _PATIENCE_S, None
        while True:
            try:
                await self._commit_or_bisect(items, patience_s)
            except Held:
                patience_s = 0.0
                on_delay()
                await asyncio.sleep(_HELD_PAUSE_S)
            except Exception as error:
                first_failure = self._monotonic() if first_failure is None else first_failure
                if self._observe_failure(county, error, self._monotonic() - first_failure):
                    on_delay()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _MAX_PAUSE_S)
            else:
                break
        if first_failure is not None:
            self._health.set_ok(self._part(county))
        self._metrics.batch_seconds.observe(time.perf_counter() - started)
        self._metrics.batch_records.observe(len(items))

    async def _commit_or_bisect(self, items: Sequence[Item[E]], patience_s: float) -> None:
        """Raises Held and transient errors, and what the store says of a dead letter that it cannot write."""
        try:
            await self._commit_once(items, patience_s)
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            await self._bisect(items, error, patience_s)

    async def _bisect(self, items: Sequence[Item[E]], error: Exception, patience_s: float) -> None:
        """Find the record that our code cannot process. It becomes a dead letter; the others are committed."""
        if len(items) > 1:
            middle = len(items) // 2
            for half in (items[:middle], items[middle:]):
                await self._commit_or_bisect(half, patience_s)
            return
        ((record, _),) = items
        await self._commit_once([Item(record, self._bug(record, error))], patience_s)

    def _bug(self, culprit: Record, error: Exception) -> Rejected:
        kind = type(error).__name__
        self._logger.error(
            "a record cannot be processed and becomes a dead letter",
            extra={"topic": self._topic, "partition": culprit.partition, "offset": culprit.offset},
            exc_info=error,
        )
        return Rejected(Reason.HANDLER_BUG, kind)

    async def _commit_once(self, items: Sequence[Item[E]], patience_s: float) -> None:
        events: list[E] = []
        dead_letters = []
        for record, outcome in items:
            if isinstance(outcome, Rejected):
                dead_letters.append(DeadLetter(record, outcome))
            else:
                events.append(outcome)
        applied = await self._commit(events, dead_letters, patience_s)
        self._metrics.count(self._topic, "applied", applied.changed)
        self._metrics.count(self._topic, "unchanged", len(events) - applied.changed)
        self._metrics.count(self._topic, "rejected", len(dead_letters))
        self._metrics.conflicts(self._topic, applied.conflicts)
        now = self._wall()
        for timestamp, times in Counter(item.record.timestamp for item in items).items():
            self._metrics.freshness.observe(max(0.0, now - timestamp / 1000), times)

    def _part(self, county: str) -> str:
        return f"commit of {self._topic}" + (f" in {county}" if county else "")

    def _observe_failure(self, county: str, error: Exception, failing_s: float) -> bool:
        """Count and log a failed attempt. Returns whether commits have failed for long."""
        kind = type(error).__name__
        self._metrics.commit_error(kind)
        self._logger.warning("a commit failed, trying again", extra={"topic": self._topic, "kind": kind})
        if failing_s < _REPORT_AFTER_S:
            return False
        if _SERVERS.isdisjoint(self._health.problems()):
            self._health.set_problem(self._part(county), f"fails and is tried again: {kind}", _REPORT_LASTS_S)
        return True
