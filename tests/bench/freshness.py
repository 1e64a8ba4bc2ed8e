"""Freshness: the time from sending an event until its fact can be read, at a constant rate."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
from aiokafka import AIOKafkaProducer

from shared.contracts.catalogue import PERSON, RAW, SEGMENT
from shared.edge.produce import make_producer
from tests.bench.family import FAMILIES, Family
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Running, Stage
from tests.bench.workload import Event, fact_ids, salted

RATE: Final = 200  # events a second
WARM_UP_S: Final = 3.0  # not counted: connections, caches
_POLL_S: Final = 0.004
_TIMEOUT_S: Final = 20.0
COUNTIES: Final = ["oma-hame", "pirha"]


@dataclass(frozen=True, slots=True)
class Freshness:
    """Milliseconds."""

    p50: float
    p99: float
    slowest: float
    events: int


@dataclass(frozen=True, slots=True)
class _Route:
    """The topic that events are sent to, raw or canonical, and the query that finds their facts."""

    topic: str
    raw: bool
    read: str


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
        return await _pace(producer, database, _Route(prefix + topic.name, from_raw, facts_query(family)), paced)
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


async def _pace(producer: AIOKafkaProducer, database: Database, route: _Route, events: list[Event]) -> Freshness:
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    polling = asyncio.create_task(poll(database, route.read, sent, seen))
    try:
        await _warm_up(producer, route, events[:10], sent, seen)
        started = time.perf_counter()
        ids = fact_ids(events)
        for number, (event, id) in enumerate(zip(events[10:], ids[10:], strict=True)):
            await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            if id is not None:
                sent[id] = time.perf_counter()
            await _send(producer, route, event)
        await wait_until_visible(sent, seen)
    finally:
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
    return freshness_of((seen[id] - at for id, at in sent.items() if at - started > WARM_UP_S))


def freshness_of(seconds: Iterable[float]) -> Freshness:
    """Summarise the latencies, given in seconds."""
    taken = sorted(latency * 1000 for latency in seconds)
    return Freshness(taken[len(taken) // 2], taken[int(len(taken) * 0.99)], taken[-1], len(taken))


async def _send(producer: AIOKafkaProducer, route: _Route, event: Event) -> None:
    if route.raw:
        await producer.send(route.topic, value=event.line)
    else:
        await producer.send(route.topic, value=event.value, key=event.key)


async def _warm_up(
    producer: AIOKafkaProducer, route: _Route, events: list[Event], sent: dict[str, float], seen: dict[str, float]
) -> None:
    """Wait until the services have started and processed these events."""
    for event, id in zip(events, fact_ids(events), strict=True):
        if id is not None:
            sent[id] = time.perf_counter()
        await _send(producer, route, event)
    await wait_until_visible(sent, seen, timeout_s=60.0)
    sent.clear()


async def wait_until_visible(sent: dict[str, float], seen: dict[str, float], timeout_s: float = _TIMEOUT_S) -> None:
    """Wait until every sent event is visible. Raises RuntimeError at the timeout."""
    deadline = time.perf_counter() + timeout_s
    while missing := sent.keys() - seen.keys():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"{len(missing)} events did not arrive")
        await asyncio.sleep(0.02)


async def poll(
    database: Database,
    read: str,
    sent: dict[str, float],
    seen: dict[str, float],
    counties: Sequence[str] = COUNTIES,
) -> None:
    """Query repeatedly for sent events and record when they become visible."""
    connection = await asyncpg.connect(database.dsn())
    try:
        while True:
            rows = await connection.fetch(read, [id for id in sent if id not in seen][:1000], counties)
            now = time.perf_counter()
            seen.update((row["id"], now) for row in rows)
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
