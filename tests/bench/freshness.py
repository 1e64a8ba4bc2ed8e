"""Freshness: from the call that sends an event to the moment at which its fact can be read, at a steady pace."""

import asyncio
import time
from collections.abc import Iterable
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
_WARM_S: Final = 3.0  # not counted: connections, caches
_LOOK_S: Final = 0.004
_PATIENCE_S: Final = 20.0
COUNTIES: Final = ["oma-hame", "pirha"]


@dataclass(frozen=True, slots=True)
class Freshness:
    """Milliseconds."""

    p50: float
    p99: float
    max_records: float
    events: int


@dataclass(frozen=True, slots=True)
class _Way:
    """The topic that events are sent to, raw or canonical, and the question that finds their facts."""

    topic: str
    raw: bool
    read: str


async def freshness(
    stage: Stage, family: Family, database: Database, events: list[Event], sizes: Sizes, *, whole_way: bool
) -> Freshness:
    """Of the family alone (from canonical record to fact), or of ingest and it (`whole_way`: from raw record)."""
    prefix = f"fresh-{'whole' if whole_way else 'own'}."
    paced = salted(events, prefix)[: int(RATE * (sizes.fresh_s + _WARM_S))]
    of_families = (family.topic for family in FAMILIES.values())
    await stage.topics(prefix, [*RAW.values(), *of_families, PERSON, SEGMENT])
    services = [await stage.service(family.name, database, prefix)]
    if whole_way:
        services.append(await stage.service("ingest", database, prefix))
    topic = RAW[family.stream] if whole_way else family.topic
    producer = make_producer(stage.kafka, "bench-pace")
    await producer.start()
    try:
        return await _pace(producer, database, _Way(prefix + topic.name, whole_way, _read(family)), paced)
    finally:
        await producer.stop()
        await stop(services)


def _read(family: Family) -> str:
    there = " or ".join(
        f"exists (select from {table.name} f where f.county = any($2) and f.id = wanted.id)" for table in family.tables
    )
    return f"select id from unnest($1::text[]) wanted(id) where {there}"


async def stop(services: Iterable[Running]) -> None:
    """All at once."""
    await asyncio.gather(*(service.stop() for service in services))


async def _pace(producer: AIOKafkaProducer, database: Database, way: _Way, events: list[Event]) -> Freshness:
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    looking = asyncio.create_task(look(database, way.read, sent, seen))
    try:
        await _warm_up(producer, way, events[:10], sent, seen)
        started = time.perf_counter()
        ids = fact_ids(events)
        for number, (event, id) in enumerate(zip(events[10:], ids[10:], strict=True)):
            await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            if id is not None:
                sent[id] = time.perf_counter()
            await _send(producer, way, event)
        await all_seen(sent, seen)
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    return freshness_of((seen[id] - at for id, at in sent.items() if at - started > _WARM_S))


def freshness_of(seconds: Iterable[float]) -> Freshness:
    """What is told of so many waits."""
    taken = sorted(wait * 1000 for wait in seconds)
    return Freshness(taken[len(taken) // 2], taken[int(len(taken) * 0.99)], taken[-1], len(taken))


async def _send(producer: AIOKafkaProducer, way: _Way, event: Event) -> None:
    if way.raw:
        await producer.send(way.topic, value=event.line)
    else:
        await producer.send(way.topic, value=event.value, key=event.key)


async def _warm_up(
    producer: AIOKafkaProducer, way: _Way, events: list[Event], sent: dict[str, float], seen: dict[str, float]
) -> None:
    """The services have started once they brought these."""
    for event, id in zip(events, fact_ids(events), strict=True):
        if id is not None:
            sent[id] = time.perf_counter()
        await _send(producer, way, event)
    await all_seen(sent, seen, patience=60.0)
    sent.clear()


async def all_seen(sent: dict[str, float], seen: dict[str, float], patience: float = _PATIENCE_S) -> None:
    """Wait for what was sent. Raises RuntimeError where something does not come."""
    deadline = time.perf_counter() + patience
    while missing := sent.keys() - seen.keys():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"{len(missing)} events did not arrive")
        await asyncio.sleep(0.02)


async def look(database: Database, read: str, sent: dict[str, float], seen: dict[str, float]) -> None:
    """Ask for what is on its way, again and again."""
    connection = await asyncpg.connect(database.dsn())
    try:
        while True:
            rows = await connection.fetch(read, [id for id in sent if id not in seen][:1000], COUNTIES)
            now = time.perf_counter()
            seen.update((row["id"], now) for row in rows)
            await asyncio.sleep(_LOOK_S)
    finally:
        await connection.close()
