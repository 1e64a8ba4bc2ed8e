"""Freshness: the time from sending an event until its fact can be read, at a constant rate."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.contracts.catalogue import PERSON, RAW, SEGMENT
from shared.edge.produce import make_producer
from tests.bench.family import FAMILIES, Family
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Running, Stage
from tests.bench.workload import Event, salted, with_fact_ids

RATE: Final = 200  # events a second
WARM_UP_S: Final = 3.0  # not counted: connections, caches
_WARM_UP_EVENTS: Final = 10
_POLL_S: Final = 0.004
_TIMEOUT_S: Final = 300.0  # a service that falls behind is a result, too
_START_S: Final = 300.0  # a service starts in seconds, but not on a busy machine
COUNTIES: Final = ("oma-hame", "pirha")


@dataclass(frozen=True, slots=True)
class Freshness:
    """Milliseconds."""

    p50: float
    p99: float
    slowest: float
    events: int


@dataclass(frozen=True, slots=True)
class Visible:
    """An event that became visible: when it was sent, and how long that took. Seconds, of `time.perf_counter`."""

    sent: float
    latency: float


@dataclass(slots=True)
class Arrivals:
    """Sent events: those that are not visible yet, by id with the time of sending, and the others."""

    waiting: dict[str, float] = field(default_factory=dict)
    visible: list[Visible] = field(default_factory=list)

    def add(self, id: str) -> None:
        """An event is being sent."""
        self.waiting[id] = time.perf_counter()

    def see(self, ids: Iterable[str]) -> None:
        """Events are visible now."""
        now = time.perf_counter()
        for id in ids:
            sent = self.waiting.pop(id)
            self.visible.append(Visible(sent, now - sent))


@dataclass(frozen=True, slots=True)
class Route:
    """The topic that events are sent to, raw or canonical, and the query that finds their facts."""

    topic: str
    raw: bool
    read: str
    counties: Sequence[str] = COUNTIES


async def freshness(
    stage: Stage, family: Family, database: Database, events: list[Event], sizes: Sizes, *, from_raw: bool
) -> Freshness:
    """Measure from canonical record to fact (the family), or with `from_raw` from raw record to fact (with ingest)."""
    prefix = f"fresh-{'whole' if from_raw else 'own'}."
    paced = salted(events, prefix)[: int(RATE * (sizes.fresh_s + WARM_UP_S))]
    of_families = (family.topic for family in FAMILIES.values())
    await stage.topics(prefix, [*RAW.values(), *of_families, PERSON, SEGMENT])
    services = [await stage.service(family.name, database, prefix)]
    if from_raw:
        services.append(await stage.service("ingest", database, prefix))
    topic = RAW[family.stream] if from_raw else family.topic
    producer = make_producer(stage.kafka, "bench-pace")
    await producer.start()
    try:
        found = await pace(
            producer, database, services, Route(prefix + topic.name, from_raw, facts_query(family)), paced
        )
        return after_warm_up(found)
    finally:
        await producer.stop()
        await stop(services)


def facts_query(family: Family) -> str:
    """The query for those of the ids $1 that have a fact in one of the counties $2."""
    there = " or ".join(
        f"exists (select from {table.name} f where f.county = any($2) and f.id = wanted.id)" for table in family.tables
    )
    return f"select id from unnest($1::text[]) wanted(id) where {there}"


async def stop(services: Iterable[Running]) -> None:
    """Stop all services concurrently."""
    await asyncio.gather(*(service.stop() for service in services))


async def pace(
    producer: AIOKafkaProducer,
    database: Database,
    services: Sequence[Running],
    route: Route,
    events: Iterable[Event],
    meanwhile: Callable[[], Coroutine[None, None, None]] | None = None,
) -> list[Visible]:
    """Send events at a constant rate, and wait until all are visible. The first ten, which wait for the start of the
    services, do not count. `meanwhile` runs after these; its end is the end of sending."""
    arrivals = Arrivals()
    polling = asyncio.create_task(poll(database, route.read, arrivals, route.counties))
    remaining = with_fact_ids(events)
    try:
        for event, id in islice(remaining, _WARM_UP_EVENTS):
            await _send(producer, route, event, id, arrivals)
        await wait_until_visible(arrivals, services, _START_S)
        arrivals.visible.clear()
        other = asyncio.create_task(meanwhile()) if meanwhile else None
        started = time.perf_counter()
        for number, (event, id) in enumerate(remaining):
            if other is not None and other.done():
                await other
                break
            await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            await _send(producer, route, event, id, arrivals)
        await wait_until_visible(arrivals, services)
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
    return arrivals.visible


def after_warm_up(found: Sequence[Visible]) -> Freshness:
    """Summarise the latencies of the events after the first seconds."""
    counted_from = min(one.sent for one in found) + WARM_UP_S
    return freshness_of(one.latency for one in found if one.sent > counted_from)


def freshness_of(seconds: Iterable[float]) -> Freshness:
    """Summarise the latencies, given in seconds."""
    taken = sorted(latency * 1000 for latency in seconds)
    return Freshness(taken[len(taken) // 2], taken[int(len(taken) * 0.99)], taken[-1], len(taken))


async def _send(producer: AIOKafkaProducer, route: Route, event: Event, id: str | None, arrivals: Arrivals) -> None:
    if id is not None:
        arrivals.add(id)
    if route.raw:
        await producer.send(route.topic, value=event.line)
    else:
        await producer.send(route.topic, value=event.value, key=event.key)


async def wait_until_visible(arrivals: Arrivals, services: Sequence[Running], timeout_s: float = _TIMEOUT_S) -> None:
    """Wait until every sent event is visible. Raises RuntimeError at the timeout and when a service has ended."""
    deadline = time.perf_counter() + timeout_s
    while arrivals.waiting:
        for service in services:
            if service.process.returncode is not None:
                service.fail("a service has ended")
            if time.perf_counter() > deadline:
                service.fail(f"{len(arrivals.waiting)} events did not arrive")
        await asyncio.sleep(0.02)


async def poll(database: Database, read: str, arrivals: Arrivals, counties: Sequence[str] = COUNTIES) -> None:
    """Query repeatedly for sent events and record when they become visible."""
    connection = await asyncpg.connect(database.dsn())
    try:
        while True:
            rows = await connection.fetch(read, list(islice(arrivals.waiting, 1000)), counties)
            arrivals.see(row["id"] for row in rows)
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
