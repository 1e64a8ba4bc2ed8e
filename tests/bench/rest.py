"""What the jobs of a service cost: 21 counties with many facts each, without events and at 200 events a second.

The service applies a log of two counties, which is copied to earlier dates as in `history`, and then to 19 more
counties with units of their own. Every county and year counts as published just now, so that no publication is due:
the benchmark `publication` measures those. All other jobs run.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil

from shared.contracts.catalogue import PERSON, SEGMENT
from shared.edge.produce import make_producer
from shared.publication.due import known
from tests.bench.copied import copy_to_counties
from tests.bench.country import COUNTIES, SOURCE, county_names, national_registers, spread
from tests.bench.family import Family
from tests.bench.freshness import (
    RATE,
    WARM_UP_S,
    Freshness,
    Route,
    after_warm_up,
    facts_query,
    pace,
    stop,
)
from tests.bench.history import apply_events, grow
from tests.bench.reading import session
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Running, Stage
from tests.bench.workload import Event, salted

REPLICAS: Final = (1, 3)
_FIRST_RUNS_S: Final = 5.0  # not measured: the first run of every job is not rest
_SETTLED_S: Final = 300.0  # for the start of services and the work that the copies made due


@dataclass(frozen=True, slots=True)
class Cost:
    """Shares of one core, in percent, and statements of the service in a second."""

    postgres: float
    service: float  # of one replica, the mean
    transactions: float


@dataclass(slots=True)
class Rest:
    """`resting`: by number of replicas."""

    facts: int
    resting: dict[int, Cost] = field(default_factory=dict)
    loaded: Cost | None = None
    fresh: Freshness | None = None


async def resting(
    stage: Stage, family: Family, events: list[Event], sizes: Sizes, report: Callable[[str], None]
) -> Rest:
    """Measure a family at rest with one and three replicas, and one replica at 200 events a second."""
    folder = national_registers(stage.folder / "national")
    database = await _fill(stage, family, events, sizes, folder)
    found = Rest(await _count(database, family))
    report(f"{family.name}: {found.facts} facts in {COUNTIES} counties")
    for replicas in REPLICAS:
        async with _services(stage, family, database, f"rest-{replicas}.", folder, replicas) as services:
            found.resting[replicas] = await _cost(stage, database, services, asyncio.sleep(sizes.rest_s))
        report(f"{family.name}, {replicas} at rest: {found.resting[replicas]}")
    async with _services(stage, family, database, "rest-load.", folder, 1) as services:
        fresh: list[Freshness] = []
        paced = spread(salted(events, "rest-load."), county_names())[: int(RATE * (sizes.rest_s + WARM_UP_S))]
        load = _load(stage, family, database, services, f"rest-load.{family.topic.name}", paced, fresh)
        found.loaded = await _cost(stage, database, services, load)
        found.fresh = fresh[0]
    report(f"{family.name}, at {RATE} events/s: {found.loaded}, freshness p99 {found.fresh.p99:.0f} ms")
    await stage.drop(database)
    return found


async def _fill(stage: Stage, family: Family, events: list[Event], sizes: Sizes, folder: Path) -> Database:
    database, prefix = await stage.database(), f"rest-{family.name}."
    await apply_events(stage, family, database, salted(events, prefix), prefix, HVA_CONFIG_DIR=str(folder))
    share = await _count(database, family) / await _count(database, family, SOURCE)
    await grow(stage, family, database, round(sizes.rest * share), scattered=True)
    await copy_to_counties(database, family, county_names()[2:])
    await _mark_published(database, family)
    await stage.release_publications(database)
    await stage.execute(database, "vacuum analyze", "checkpoint")
    return database


async def _mark_published(database: Database, family: Family) -> None:
    now = datetime.now(UTC)
    async with session(database.dsn()) as connection:
        for row in await known(connection, family.name, now):
            await connection.execute(
                f"insert into {family.name}.published (county, year, change_number, registers, published_at) "
                "values ($1, $2, $3, $4, $5)",
                *(row["county"], row["year"], row["change_number"] or 0, row["registers"], now),
            )


async def _count(database: Database, family: Family, county: str | None = None) -> int:
    where = f" where county = '{county}'" if county else ""
    async with session(database.dsn()) as connection:
        counts = [await connection.fetchval(f"select count(*) from {table.name}{where}") for table in family.tables]
    return sum(counts)


@asynccontextmanager
async def _services(
    stage: Stage, family: Family, database: Database, prefix: str, folder: Path, replicas: int
) -> AsyncIterator[list[Running]]:
    """Replicas that have started and have nothing to do."""
    await stage.topics(prefix, [family.topic, PERSON, SEGMENT])
    services = [await stage.service(family.name, database, prefix, HVA_CONFIG_DIR=str(folder)) for _ in range(replicas)]
    try:
        await _settle(database, family, services)
        yield services
    finally:
        await stop(services)


async def _settle(database: Database, family: Family, services: Sequence[Running]) -> None:
    """Wait until every replica has a connection for its batches and for its leases, and no cell is stale."""
    deadline = time.monotonic() + _SETTLED_S
    query = "select count(distinct pid) from pg_stat_activity where application_name = $1"
    stale = "select count(*) from fcr.stale" if family.name == "fcr" else "select 0"
    async with session(database.dsn()) as connection:
        while await connection.fetchval(query, f"hva-{family.name}-leases") < len(
            services
        ) or await connection.fetchval(stale):
            if time.monotonic() > deadline:
                raise RuntimeError("the services did not come to rest")
            await asyncio.sleep(0.2)
    await asyncio.sleep(_FIRST_RUNS_S)


async def _cost(stage: Stage, database: Database, services: Sequence[Running], work: Awaitable[None]) -> Cost:
    """What PostgreSQL and the services use while the work is done."""
    began = await _used(stage, database, services)
    await work
    ended = await _used(stage, database, services)
    postgres, service, transactions = (
        (after - before) / (ended[0] - began[0]) for before, after in zip(began[1:], ended[1:], strict=True)
    )
    return Cost(100 * postgres, 100 * service / len(services), transactions)


async def _used(stage: Stage, database: Database, services: Sequence[Running]) -> tuple[float, float, float, float]:
    """The time; CPU seconds of PostgreSQL, those of sessions that have ended included, and of the services; and
    transactions.
    """
    async with session(database.dsn()) as connection:
        await connection.execute("select pg_stat_force_next_flush()")
        transactions = await connection.fetchval(
            "select xact_commit from pg_stat_database where datname = current_database()"
        )
    postgres = sum(_seconds(process) for process in stage.postgres_processes())
    return (
        time.monotonic(),
        postgres,
        sum(_seconds(psutil.Process(running.pid)) for running in services),
        float(transactions),
    )


def _seconds(process: psutil.Process) -> float:
    """CPU seconds of a process and of the children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


async def _load(
    stage: Stage,
    family: Family,
    database: Database,
    services: Sequence[Running],
    topic: str,
    events: list[Event],
    fresh: list[Freshness],
) -> None:
    """Send the events at the rate, and append the latencies from the canonical record to the fact."""
    producer = make_producer(stage.kafka, "bench-rest")
    await producer.start()
    try:
        route = Route(topic, raw=False, read=facts_query(family), counties=county_names())
        fresh.append(after_warm_up(await pace(producer, database, services, route, events)))
    finally:
        await producer.stop()
