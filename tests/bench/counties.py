"""Counties side by side: the rate with 1, 7 and 21 counties, and of 21 counties with 1, 2 and 3 replicas; and how long
events of one county take while another writer holds the lock of another county.

Every measurement has an empty database. The replicas wait for a transaction of Kafka with all events, so that the time
from its commit to the last acknowledgement has no start of a process in it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from shared.contracts.catalogue import PERSON, SEGMENT
from shared.edge.produce import make_producer
from shared.postgres.lock import SERVICE_NUMBERS, county_number
from tests.bench.country import COUNTIES, county_names, national_registers, spread
from tests.bench.family import Family
from tests.bench.freshness import Freshness, Route, facts_query, freshness_of, pace, stop
from tests.bench.measure import committed
from tests.bench.reading import session
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Running, Stage, group_of
from tests.bench.workload import Event, outgoing, salted
from tests.fault.topics import partition_assignment

_VARIANTS: Final = ((1, 1), (7, 1), (COUNTIES, 1), (COUNTIES, 2), (COUNTIES, 3))
_START_S: Final = 300.0
_DRAIN_S: Final = 600.0
_HELD_EVENTS: Final = 1000  # at 200 a second: 5 seconds


@dataclass(slots=True)
class Counties:
    """Events a second by number of counties, and then of replicas, medians; and the freshness of other counties while
    one is held."""

    rates: dict[int, dict[int, float]] = field(default_factory=dict)
    held: Freshness | None = None


async def side_by_side_counties(
    stage: Stage, family: Family, events: list[Event], sizes: Sizes, report: Callable[[str], None]
) -> Counties:
    """Measure a family."""
    folder = national_registers(stage.folder / "national")
    rounds: dict[tuple[int, int], list[float]] = {variant: [] for variant in _VARIANTS}
    for number in range(sizes.rounds):
        for counties, replicas in _VARIANTS:
            prefix = f"counties-{counties}-{replicas}-{number}."
            own = spread(salted(events, prefix), county_names(counties))
            async with _services(stage, family, prefix, folder, replicas) as (_, services):
                rate = await _rate(stage, family, prefix, own, services)
            rounds[counties, replicas].append(rate)
            report(f"{family.name}, {counties} counties, {replicas} replicas: {rate:.0f} events/s")
            await stage.delete_topics(prefix)
    found = Counties()
    for (counties, replicas), rates in rounds.items():
        found.rates.setdefault(counties, {})[replicas] = median(rates)
    found.held = await _beside_a_held_county(stage, family, events, folder)
    report(f"{family.name}, other counties while one is held: slowest {found.held.slowest:.0f} ms")
    return found


@asynccontextmanager
async def _services(
    stage: Stage, family: Family, prefix: str, folder: Path, replicas: int
) -> AsyncIterator[tuple[Database, list[Running]]]:
    """Replicas that share the partitions of the family's topic."""
    database = await stage.database()
    await stage.topics(prefix, [family.topic, PERSON, SEGMENT])
    services = [await stage.service(family.name, database, prefix, HVA_CONFIG_DIR=str(folder)) for _ in range(replicas)]
    try:
        deadline = time.monotonic() + _START_S
        while await _members(stage, family, prefix) != replicas:
            if time.monotonic() > deadline:
                services[0].fail("the replicas do not share the partitions")
            await asyncio.sleep(0.2)
        yield database, services
    finally:
        await stop(services)
        await stage.drop(database)


async def _members(stage: Stage, family: Family, prefix: str) -> int:
    try:
        return len(await partition_assignment(stage.kafka, prefix, family.name, family.topic))
    except GroupCoordinatorNotAvailableError:
        return 0  # the first group of a new broker


async def _rate(stage: Stage, family: Family, prefix: str, events: list[Event], services: Sequence[Running]) -> float:
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka)
    await admin.start()
    began = 0.0

    def begin() -> None:
        nonlocal began
        began = time.perf_counter()

    try:
        await stage.publish_at_once(outgoing(events, family.topic, prefix), begin)
        group = group_of(family.name, family.topic, prefix)
        while await committed(admin, [group]) < len(events):
            if time.perf_counter() - began > _DRAIN_S:
                services[0].fail("the events are not all acknowledged")
            await asyncio.sleep(0.02)
        return len(events) / (time.perf_counter() - began)
    finally:
        await admin.close()


async def _beside_a_held_county(stage: Stage, family: Family, events: list[Event], folder: Path) -> Freshness:
    """The freshness of all counties but the first one, whose lock is held while its events wait."""
    prefix = "counties-held."
    held, *others = county_names()
    async with _services(stage, family, prefix, folder, 1) as (database, services), session(database.dsn()) as holder:
        key = (SERVICE_NUMBERS[family.name], county_number(held))
        await holder.execute("select pg_advisory_lock($1, $2)", *key)
        waiting = spread(salted(events[:_HELD_EVENTS], "held."), [held])
        await stage.publish(outgoing(waiting, family.topic, prefix))
        producer = make_producer(stage.kafka, "bench-held")
        await producer.start()
        try:
            route = Route(prefix + family.topic.name, raw=False, read=facts_query(family), counties=others)
            paced = spread(salted(events, "other."), others)[:_HELD_EVENTS]
            return freshness_of(one.latency for one in await pace(producer, database, services, route, paced))
        finally:
            await producer.stop()
