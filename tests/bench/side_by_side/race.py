"""One run of one contender: freshness at a constant rate, then the rate of a backlog."""

import asyncio
import time
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

import asyncpg
import psutil

from shared.contracts.catalogue import PERSON, SEGMENT
from shared.edge.produce import make_producer
from tests.bench.family import NPS
from tests.bench.freshness import RATE, Freshness, freshness_of
from tests.bench.measure import Measured, cpu_seconds, peak_mib
from tests.bench.side_by_side.contenders import Contender, Place
from tests.bench.side_by_side.following import Wrong, total, until_right
from tests.bench.side_by_side.truth import Truth, facts_that_count_once
from tests.bench.stage import Running
from tests.bench.workload import Event, outgoing, salted

WARM_UP: Final = 2000  # events before anything is measured
_SETTLE_S: Final = 3.0  # of the constant rate, not counted
_WARM_S: Final = 240.0  # how long a start may take
_WARM_NAIVE_S: Final = 5.0  # without a change, since its cells never become right
_POLL_S: Final = 0.005
_MISSING_S: Final = 120.0  # how long the last events of the constant rate may take


@dataclass(frozen=True, slots=True)
class Race:
    """What a run measured; `wrong` is after the backlog. `fresh` is None if it was not measured or fell behind."""

    measured: Measured
    wrong: Wrong
    fresh: Freshness | None


async def race(place: Place, contender: Contender, events: list[Event], fresh_s: float, max_seconds: float) -> Race:
    """Start the contender, let it read `WARM_UP` events, then measure. Without `fresh_s` freshness is left out."""
    await place.stage.topics(place.prefix, [NPS.topic, PERSON, SEGMENT])
    truth = Truth()
    running = await contender.start(place)
    try:
        warm, backlog = events[:WARM_UP], events[WARM_UP:]
        await place.stage.publish(outgoing(warm, NPS.topic, place.prefix))
        truth.add(event.value for event in warm)
        await _until_warm(place, contender, running, truth)
        fresh = await _freshness(place, contender, events, fresh_s, truth) if fresh_s else None
        return await _backlog(place, contender, running, backlog, truth, fresh, max_seconds)
    finally:
        await running.stop()


async def _until_warm(place: Place, contender: Contender, running: Running, truth: Truth) -> None:
    stall_s = _WARM_S if contender.counts_right else _WARM_NAIVE_S
    _, wrong = await until_right(place.database, contender, running, contender.truth(truth), stall_s=stall_s)
    if wrong.cells and contender.counts_right:
        raise RuntimeError(f"{wrong.cells} of {wrong.of} cells wrong after the first events")


async def _backlog(
    place: Place,
    contender: Contender,
    running: Running,
    events: list[Event],
    truth: Truth,
    fresh: Freshness | None,
    max_seconds: float,
) -> Race:
    """Publish a backlog at once and measure until the cells are right, or until they do not change any more."""
    truth.add(event.value for event in events)
    expected = contender.truth(truth)
    stage = place.stage
    before: list[float] = []

    def visible() -> None:
        before.extend((time.perf_counter(), *_cpu(place, running)))

    async with asyncpg.create_pool(place.database.dsn(), min_size=1, max_size=1) as pool:
        counted_before = await pool.fetchval(contender.total)
        await stage.publish_at_once(outgoing(events, NPS.topic, place.prefix), visible)
        ended, wrong = await until_right(place.database, contender, running, expected, max_seconds)
        after = _cpu(place, running)
        counted = await pool.fetchval(contender.total) - counted_before
    done = len(events) if contender.counts_right else min(counted, len(events))
    per_event = [(late - early) * 1e6 / done for early, late in zip(before[1:], after, strict=True)]
    measured = Measured(done, ended - before[0], *per_event, peak_mib(running.pid))
    return Race(measured, wrong, fresh)


def _cpu(place: Place, running: Running) -> tuple[float, float, float]:
    return (
        cpu_seconds([psutil.Process(running.pid)]),
        cpu_seconds(place.stage.postgres_processes()),
        cpu_seconds(place.stage.kafka_processes()),
    )


async def _freshness(
    place: Place, contender: Contender, events: list[Event], seconds: float, truth: Truth
) -> Freshness | None:
    """The time from sending an event until the cells contain it, at 200 events a second; None if it falls behind.

    Every event adds one to the number of counted facts, so the n-th event is there when the number has grown by n.
    """
    renamed = salted(events, place.prefix)
    positions = facts_that_count_once(event.value for event in renamed)
    paced = [renamed[position] for position in positions[: int(RATE * (seconds + _SETTLE_S))]]
    truth.add(event.value for event in paced)
    producer = make_producer(place.stage.kafka, "bench-pace")
    connection = await asyncpg.connect(place.database.dsn())
    await producer.start()
    try:
        base = await total(connection, contender)
        sent: list[float] = []
        seen: list[tuple[int, float]] = []  # number of visible events, and when
        polling = asyncio.create_task(_poll(connection, contender, base, len(paced), seen))
        started = time.perf_counter()
        for number, event in enumerate(paced):
            await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            sent.append(time.perf_counter())
            await producer.send(place.topic, value=event.value, key=event.key)
        await asyncio.wait_for(polling, max(_MISSING_S, len(paced) / 20))
    except TimeoutError:
        return None
    finally:
        await producer.stop()
        await connection.close()
    numbers = [number for number, _ in seen]
    latencies = [seen[bisect_right(numbers, n)][1] - at for n, at in enumerate(sent)]
    return freshness_of(latencies[int(RATE * _SETTLE_S) :])


async def _poll(
    connection: "asyncpg.Connection[asyncpg.Record]",
    contender: Contender,
    base: int,
    wanted: int,
    seen: list[tuple[int, float]],
) -> None:
    """Record whenever more events are visible, until all are."""
    visible = 0
    while visible < wanted:
        now = await total(connection, contender) - base
        if now > visible:
            visible = now
            seen.append((visible, time.perf_counter()))
        await asyncio.sleep(_POLL_S)
