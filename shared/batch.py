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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from shared.contracts.reasons import Reason
from shared.failure import Failure, classify
from shared.letters import Letter, Rejected
from shared.metrics import PipelineMetrics
from shared.record import Record

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)

# Retries within one delivery: 0.05 s doubling to 2 s, a minute in all, far below the poll interval of the group
# (300 s). After that the batch is rewound and delivered again, so the trying never really ends.
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0
_RETRY_BUDGET_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Applied:
    """What a commit did: facts that changed, and events of an equal revision with other content."""

    changed: int
    conflicts: int = 0

    def __add__(self, other: "Applied") -> "Applied":
        return Applied(self.changed + other.changed, self.conflicts + other.conflicts)


Decode = Callable[[Record], E | Rejected]
"""A record to an event or the verdict on it. Must not raise for anything in the data."""


class Commit(Protocol[E_contra]):
    """Make a batch durable, dead letters included; calling it again with the same batch changes nothing."""

    async def __call__(self, events: Sequence[E_contra], letters: Sequence[Letter]) -> Applied: ...


class BatchRunner(Generic[E]):
    """Runs the batches of one topic of one service.

    Guarantee: when `run` returns, every record of the batch is committed, as an event or as a dead letter.
    """

    def __init__(
        self,
        topic: str,
        decode: Decode[E],
        commit: Commit[E],
        metrics: PipelineMetrics,
        logger: logging.Logger,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._topic, self._decode, self._commit = topic, decode, commit
        self._metrics, self._logger, self._wall = metrics, logger, wall

    async def run(self, records: Sequence[Record]) -> None:
        """Decode and commit one batch; raises only what passes by itself and outlasted the retry budget."""
        started = time.perf_counter()
        await self._run(records)
        self._metrics.batch_seconds.observe(time.perf_counter() - started)
        self._metrics.batch_records.observe(len(records))
        self._observe_freshness(records)

    async def attempt(self, record: Record) -> Rejected | None:
        """Process one record again, by the code of now: None when it counts, else the verdict. Writes no letter."""
        outcome = self._decode(record)
        if isinstance(outcome, Rejected):
            return outcome
        try:
            await self._commit([outcome], [])
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            return Rejected(Reason.HANDLER_BUG, type(error).__name__)
        return None

    async def _run(self, records: Sequence[Record]) -> None:
        try:
            await self._decode_and_commit(records)
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            await self._bisect(records, error)

    async def _bisect(self, records: Sequence[Record], error: Exception) -> None:
        """Find the record that our code cannot stand: it becomes a letter, its neighbours count."""
        if len(records) > 1:
            middle = len(records) // 2
            await self._run(records[:middle])
            await self._run(records[middle:])
            return
        (culprit,) = records
        kind = type(error).__name__
        self._logger.error(
            "a record cannot be processed and becomes a dead letter",
            extra={"topic": self._topic, "partition": culprit.partition, "offset": culprit.offset},
            exc_info=error,
        )
        await self._commit_patiently([], [Letter(culprit, Rejected(Reason.HANDLER_BUG, kind))])
        self._metrics.count(self._topic, "rejected", 1)

    async def _decode_and_commit(self, records: Sequence[Record]) -> None:
        events: list[E] = []
        letters: list[Letter] = []
        for record in records:
            outcome = self._decode(record)
            if isinstance(outcome, Rejected):
                letters.append(Letter(record, outcome))
            else:
                events.append(outcome)
        applied = await self._commit_patiently(events, letters)
        self._metrics.count(self._topic, "applied", applied.changed)
        self._metrics.count(self._topic, "unchanged", len(events) - applied.changed)
        self._metrics.count(self._topic, "rejected", len(letters))
        self._metrics.conflicts(self._topic, applied.conflicts)

    async def _commit_patiently(self, events: Sequence[E], letters: Sequence[Letter]) -> Applied:
        """Commit, again while the surroundings are away. A COMMIT whose answer was lost is tried again too."""
        for pause in _pauses():
            try:
                return await self._commit(events, letters)
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT or pause is None:
                    raise
                self._metrics.commit_error(type(error).__name__)
                self._logger.warning("a commit failed, trying again", extra={"kind": type(error).__name__})
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last pause raises")

    def _observe_freshness(self, records: Sequence[Record]) -> None:
        now = self._wall()
        for timestamp, times in Counter(record.timestamp for record in records).items():
            self._metrics.freshness.observe(max(0.0, now - timestamp / 1000), times)


def _pauses() -> Iterator[float | None]:
    """Pauses between tries in seconds, doubling, within the budget; then None: give up."""
    pause, spent = _FIRST_PAUSE_S, 0.0
    while spent < _RETRY_BUDGET_S:
        yield pause
        spent += pause
        pause = min(2 * pause, _LONGEST_PAUSE_S)
    yield None
