"""Deliveries of records, committed county by county in lanes.

A lane is the queue of one county. Lanes commit side by side, as many as there are connections; each commits its own
records in order, and all that have queued up meanwhile together. A county whose lock another writer holds delays the
records of its own lane: the delivery that they are part of stays open, its offsets are not committed, and the next
delivery is taken. What a held lane keeps in memory is bounded.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from shared.batch import BatchRunner, Item
from shared.record import Record

E = TypeVar("E")

# How long a delivery waits for room. Well below the poll interval of the group (300 s), which expels a member that does
# not poll in time.
_ROOM_S: Final = 60.0


class _Part(Generic[E]):
    """The records of one county in a part of a delivery."""

    __slots__ = ("delivery", "items", "runner")

    def __init__(self, delivery: "_Delivery", runner: BatchRunner[E], items: Sequence[Item[E]]) -> None:
        self.delivery, self.runner, self.items = delivery, runner, items


class _Lane(Generic[E]):
    """The queue of a county. `parts` includes those that are being committed."""

    __slots__ = ("delayed", "parts", "task")

    def __init__(self) -> None:
        self.parts: deque[_Part[E]] = deque()
        self.delayed = False
        self.task: asyncio.Task[None] | None = None

    def next_batch(self, max_records: int) -> list[_Part[E]]:
        """The first parts that can be committed together: of one runner, and at most `max_records` or a single part."""
        batch: list[_Part[E]] = []
        records = 0
        for part in self.parts:
            records += len(part.items)
            if batch and (records > max_records or part.runner is not batch[0].runner):
                break
            batch.append(part)
        return batch


class _Delivery:
    """The parts of a delivery that are not committed, by lane."""

    __slots__ = ("complete", "finish", "lanes")

    def __init__(self, finish: Callable[[], None]) -> None:
        self.finish, self.complete = finish, False
        self.lanes: dict[_Lane[Any], int] = {}

    def add(self, lane: _Lane[Any]) -> None:
        self.lanes[lane] = self.lanes.get(lane, 0) + 1

    def remove(self, lane: _Lane[Any]) -> None:
        self.lanes[lane] -= 1
        if not self.lanes[lane]:
            del self.lanes[lane]
        self.finish_if_done()

    def finish_if_done(self) -> None:
        if self.complete and not self.lanes:
            self.finish()

    def is_waiting(self) -> bool:
        """Whether a lane that is not delayed still has parts of this delivery."""
        return not all(lane.delayed for lane in self.lanes)


class Lanes(Generic[E]):
    """Takes the deliveries of one topic and commits them, one lane for each county."""

    def __init__(
        self,
        make_runner: Callable[[], BatchRunner[E]],
        max_records: int,
        max_delayed: int,
        observe_delayed: Callable[[int], None] = lambda lanes: None,
    ) -> None:
        """`make_runner` returns the runner of the current registers, the same one while they stay the same.
        `max_records` is the largest batch of a transaction. While more than `max_delayed` records wait in delayed
        lanes, no delivery is taken. `observe_delayed` gets the number of delayed lanes when it changes."""
        self._make_runner, self._max_records, self._max_delayed = make_runner, max_records, max_delayed
        self._observe_delayed = observe_delayed
        self._lanes: dict[str, _Lane[E]] = {}
        self._changed = asyncio.Event()

    async def take(self, records: Sequence[Record], finish: Callable[[], None]) -> bool:
        """Take a delivery. Returns True as soon as every record is committed or in a delayed lane, and calls `finish`
        as soon as every record is committed. Returns False, and takes nothing, if there was no room for a minute."""
        if not await self._has_room():
            return False
        runner, delivery = self._make_runner(), _Delivery(finish)
        for first in range(0, len(records), self._max_records):
            part = records[first : first + self._max_records]
            by_county = await runner.decode(part, yield_to_loop=bool(self._lanes))
            for county, items in by_county.items():
                self._queue(county, _Part(delivery, runner, items))
        delivery.complete = True
        delivery.finish_if_done()
        await self._wait_until(lambda: not delivery.is_waiting())
        return True

    async def close(self) -> None:
        """Stop all commits. What is not committed is delivered again, because its offsets are not committed."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _queue(self, county: str, part: _Part[E]) -> None:
        lane = self._lanes.get(county)
        if lane is None:
            lane = self._lanes[county] = _Lane()
            lane.task = asyncio.create_task(self._run(county, lane))
        lane.parts.append(part)
        part.delivery.add(lane)

    async def _run(self, county: str, lane: _Lane[E]) -> None:
        """Commit the parts of a lane until there are none."""
        while batch := lane.next_batch(self._max_records):
            items = batch[0].items if len(batch) == 1 else [item for part in batch for item in part.items]
            await batch[0].runner.commit(county, items, on_delay=lambda: self._delay(lane, True))
            for part in batch:
                lane.parts.popleft()
                part.delivery.remove(lane)
            self._delay(lane, False)
        del self._lanes[county]

    def _delay(self, lane: _Lane[E], delayed: bool) -> None:
        if lane.delayed is not delayed:
            lane.delayed = delayed
            self._observe_delayed(sum(other.delayed for other in self._lanes.values()))
        self._changed.set()

    async def _has_room(self) -> bool:
        try:
            async with asyncio.timeout(_ROOM_S):
                await self._wait_until(lambda: self._delayed_records() <= self._max_delayed)
        except TimeoutError:
            return False
        return True

    def _delayed_records(self) -> int:
        return sum(len(part.items) for lane in self._lanes.values() if lane.delayed for part in lane.parts)

    async def _wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
