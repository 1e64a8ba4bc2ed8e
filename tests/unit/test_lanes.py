"""Lanes with an in-memory commit: counties side by side, order within a county, delays, room and acknowledgement."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count

import pytest
from prometheus_client import CollectorRegistry

from shared import batch, lanes
from shared.batch import Applied, BatchRunner, Held
from shared.dead_letters import DeadLetter
from shared.health import Health
from shared.lanes import Lanes
from shared.metrics import PipelineMetrics
from shared.record import PlainRecord, Record
from tests.replica import wait_until


class Counties:
    """Commits `county:number` in memory. Counties in `held` are locked, those in `hanging` do not return."""

    def __init__(self) -> None:
        self.committed: dict[str, list[str]] = defaultdict(list)
        self.batches: list[list[str]] = []
        self.held: set[str] = set()
        self.hanging: dict[str, asyncio.Event] = {}
        self.side_by_side, self._running = 0, 0

    async def __call__(
        self, events: Sequence[str], dead_letters: Sequence[DeadLetter], patience_s: float = 60.0
    ) -> Applied:
        county = events[0].partition(":")[0]
        assert all(event.startswith(f"{county}:") for event in events)
        if county in self.held:
            raise Held
        self._running += 1
        self.side_by_side = max(self.side_by_side, self._running)
        try:
            if county in self.hanging:
                await self.hanging[county].wait()
            await asyncio.sleep(0)
        finally:
            self._running -= 1
        self.batches.append(list(events))
        self.committed[county] += events
        return Applied(len(events))


class Fixture:
    """Lanes over in-memory counties, and which deliveries are durable."""

    def __init__(self, max_records: int = 100, max_delayed: int = 1000) -> None:
        self.counties, self.durable, self.delayed = Counties(), list[int](), list[int]()
        self.runner = self.make_runner()
        self.lanes: Lanes[str] = Lanes(lambda: self.runner, max_records, max_delayed, self.delayed.append)
        self._offsets, self._deliveries = count(), count()

    def make_runner(self) -> BatchRunner[str]:
        metrics, logger = PipelineMetrics("nps", CollectorRegistry()), logging.getLogger("test")

        def decode(record: Record) -> str | None:
            return (record.value or b"").decode() or None

        return BatchRunner("t", decode, self.counties, metrics, logger, Health(()), lambda e: e.partition(":")[0])

    async def take(self, *values: str) -> bool:
        number = next(self._deliveries)
        records = [PlainRecord("t", 0, next(self._offsets), 0, None, value.encode()) for value in values]
        return await self.lanes.take(records, lambda: self.durable.append(number))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_HELD_PAUSE_S", 0.001)


async def until(condition: Callable[[], bool]) -> None:
    await wait_until(condition, "the lanes get there")


async def test_delivery_is_durable_when_it_is_taken() -> None:
    fixture = Fixture()
    assert await fixture.take("a:1", "b:1", "", "a:2")
    assert fixture.counties.committed == {"a": ["a:1", "a:2"], "b": ["b:1"]}
    assert (fixture.durable, fixture.counties.side_by_side) == ([0], 2)


async def test_delivery_that_carries_nothing_is_durable() -> None:
    fixture = Fixture()
    assert await fixture.take("", "")
    assert fixture.durable == [0]


async def test_held_county_delays_no_other() -> None:
    fixture = Fixture()
    fixture.counties.held.add("a")
    assert await fixture.take("a:1", "b:1")
    assert await fixture.take("b:2")
    assert fixture.counties.committed == {"b": ["b:1", "b:2"]}
    assert (fixture.durable, fixture.delayed) == ([1], [1])
    fixture.counties.held.clear()
    await until(lambda: fixture.durable == [1, 0])
    assert (fixture.counties.committed["a"], fixture.delayed) == (["a:1"], [1, 0])


async def test_records_that_waited_are_committed_together_and_in_order() -> None:
    fixture = Fixture(max_records=3)
    fixture.counties.held.add("a")
    for number in range(5):
        await fixture.take(f"a:{number}")
    fixture.counties.held.clear()
    await until(lambda: len(fixture.durable) == 5)
    # The first batch was begun before the others came.
    assert fixture.counties.batches == [["a:0"], ["a:1", "a:2", "a:3"], ["a:4"]]


async def test_runners_of_different_registers_are_not_mixed() -> None:
    fixture = Fixture()
    fixture.counties.held.add("a")
    for number in range(4):
        if number == 2:
            fixture.runner = fixture.make_runner()
        await fixture.take(f"a:{number}")
    fixture.counties.held.clear()
    await until(lambda: len(fixture.durable) == 4)
    assert fixture.counties.batches == [["a:0"], ["a:1"], ["a:2", "a:3"]]


async def test_long_delivery_is_committed_in_parts() -> None:
    fixture = Fixture(max_records=2)
    await fixture.take("a:1", "a:2", "a:3", "a:4", "a:5")
    assert fixture.counties.committed["a"] == ["a:1", "a:2", "a:3", "a:4", "a:5"]
    assert max(map(len, fixture.counties.batches)) == 2


async def test_commit_in_progress_is_waited_for() -> None:
    fixture = Fixture()
    release = fixture.counties.hanging["a"] = asyncio.Event()
    taking = asyncio.create_task(fixture.take("a:1", "b:1"))
    await until(lambda: fixture.counties.committed["b"] == ["b:1"])
    assert not taking.done() and fixture.durable == []
    release.set()
    assert await taking and fixture.durable == [0]


async def test_delivery_is_not_taken_while_too_many_records_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    fixture = Fixture(max_delayed=2)
    fixture.counties.held.add("a")
    for number in range(3):
        assert await fixture.take(f"a:{number}")
    monkeypatch.setattr(lanes, "_ROOM_S", 0.001)
    assert not await fixture.take("b:1")
    assert fixture.counties.committed == {}
    monkeypatch.undo()
    taking = asyncio.create_task(fixture.take("b:1"))
    fixture.counties.held.clear()
    assert await taking
    assert fixture.counties.committed["b"] == ["b:1"]


async def test_close_stops_delayed_lanes() -> None:
    fixture = Fixture()
    fixture.counties.held.add("a")
    await fixture.take("a:1")
    await fixture.lanes.close()
    fixture.counties.held.clear()
    assert (fixture.durable, fixture.counties.committed) == ([], {})
