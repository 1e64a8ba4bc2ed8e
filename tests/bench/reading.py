"""How long figures take to read, and cells to count, with ten million contacts of two counties and nine years.

The service applies a log, which is then copied into earlier times, as for the history; copies overlap, so that a
county's year is as busy as a large one's. The buckets are counted anew from the facts, after that way of counting
has been held against what the service wrote for its own.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import asyncpg

from services.fcr.cells import Cells
from shared.postgres.lock import Connection
from shared.postgres.pool import make_pool
from tests.bench.family import FCR
from tests.bench.history import grow, pour
from tests.bench.rebuilt import differing, rebuild, tables, take_over
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage
from tests.bench.workload import UNTIL, Event, salted

VIEWS: Final = ("fcr", "fcr_confirmed", "fcr_client", "access", "digital", "hyte", "revolving")
COUNTY: Final = "oma-hame"
QUARTER: Final = "2026Q1"
LEVEL: Final = "level county"
LEVELS: Final = "all levels"
_PERIODS: Final = {"month": "2026-02", "quarter": QUARTER, "year": "2025"}
_APART: Final = 20  # days between copies of the log
_TIMES: Final = 7
_READ: Final = "select * from figures.{view} where county = $1 and period_kind = 'quarter' and period = $2{level}"
_INDEXES: Final = """
select indexname, indexdef from pg_indexes
where schemaname = 'fcr' and tablename = 'contact' and indexname <> 'contact_pkey'
"""
# The other periods get the cells of these: what is read must be found among as many as there would be.
_SPREAD: Final = """
insert into fcr.{table} select (jsonb_populate_record(c, jsonb_build_object('period', p.period))).*
from fcr.{table} c join reference.period p using (period_kind)
where p.first_day between date '2017-07-01' and $1 on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds: the median and the largest of some; and how many rows came."""

    middle: float
    largest: float
    rows: int


@dataclass(slots=True)
class Reading:
    """`views`: view to level to time. `counts`: kind of period to the time of counting all its cells."""

    contacts: int
    loading_s: float
    views: dict[str, dict[str, Timed]] = field(default_factory=dict)
    counts: dict[str, Timed] = field(default_factory=dict)


async def reading(stage: Stage, events: list[Event], sizes: Sizes, say: Callable[[str], None]) -> Reading:
    """Every view of a county's quarter, over all channels and segments; every kind of period counted."""
    started = time.perf_counter()
    database = await stage.database()
    await pour(stage, FCR, database, salted(events, "reading."), "reading.")
    await _buckets(database, check=True)
    async with _without_indexes(database):
        await grow(stage, FCR, database, sizes.reading, scattered=False, apart=_APART)
    say("contacts copied")
    await _buckets(database, check=False)
    await stage.execute(database, "truncate fcr.stale", "vacuum analyze", "checkpoint")
    found = Reading(await _contacts(database), time.perf_counter() - started)
    say(f"{found.contacts} contacts loaded in {found.loading_s:.0f} s")
    for kind, period in _PERIODS.items():
        found.counts[kind] = await _count(stage, database, kind, period, sizes.rounds)
        say(f"cells of a {kind}: {found.counts[kind].middle:.0f} ms")
    await _spread(stage, database)
    async with _session(database.dsn("hva_steward")) as connection:
        for view in VIEWS:
            found.views[view] = {
                LEVEL: await _read(connection, view, True),
                LEVELS: await _read(connection, view, False),
            }
            say(f"{view}: " + ", ".join(f"{level} {timed.middle:.0f} ms" for level, timed in found.views[view].items()))
    await stage.drop(database)
    return found


@asynccontextmanager
async def _session(dsn: str, **settings: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """At the as-of time of the log's end; every statement is planned anew, as those of different people are."""
    at = {"hva.as_of": f"{UNTIL.isoformat()}T00:00:00Z"}
    connection = await asyncpg.connect(dsn, statement_cache_size=0, server_settings={**at, **settings})
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _without_indexes(database: Database) -> AsyncIterator[None]:
    """Contacts keep their primary key only meanwhile: indexes are built faster at once than row by row."""
    async with _session(database.dsn(), maintenance_work_mem="1GB") as connection:
        indexes = await connection.fetch(_INDEXES)
        for index in indexes:
            await connection.execute(f"drop index fcr.{index['indexname']}")
        yield
        for index in indexes:
            await connection.execute(index["indexdef"])


async def _buckets(database: Database, *, check: bool) -> None:
    """Count the buckets from the facts: to hold them against the service's (`check`), or to take their place."""
    fast = {"synchronous_commit": "off", "work_mem": "1GB", "temp_buffers": "1GB"}
    async with _session(database.dsn(), **fast) as connection:
        for statement in rebuild():
            await connection.execute(statement)
        for table in tables():
            if not check:
                for statement in take_over(table):
                    await connection.execute(statement)
            elif different := await connection.fetchval(differing(table)):
                raise RuntimeError(f"{different} rows of {table} differ from what the service counted")


async def _contacts(database: Database) -> int:
    async with _session(database.dsn()) as connection:
        return int(await connection.fetchval("select count(*) from fcr.contact"))


async def _count(stage: Stage, database: Database, kind: str, period: str, times: int) -> Timed:
    """One period, stale by itself, counted by the service's own job."""
    pool = await make_pool(database.dsn("hva_fcr"), "bench-reading", size=1)
    taken = []
    try:
        for _ in range(times):
            await stage.execute(database, f"insert into fcr.stale values ('{COUNTY}', '{kind}', '{period}')")
            started = time.perf_counter()
            await Cells(pool).refresh()
            taken.append((time.perf_counter() - started) * 1000)
        rows = await pool.fetchval(
            "select (select count(*) from fcr.client_cell where county = $1 and period_kind = $2 and period = $3) + "
            "(select count(*) from fcr.revolving_cell where county = $1 and period_kind = $2 and period = $3)",
            *(COUNTY, kind, period),
        )
    finally:
        await pool.close()
    return Timed(median(taken), max(taken), int(rows))


async def _spread(stage: Stage, database: Database) -> None:
    async with _session(database.dsn(), synchronous_commit="off") as connection:
        for table in ("client_cell", "revolving_cell"):
            await connection.execute(_SPREAD.format(table=table), UNTIL)
    await stage.execute(database, "vacuum analyze", "checkpoint")


async def _read(connection: Connection, view: str, county_only: bool) -> Timed:
    query = _READ.format(view=view, level=" and scope_level = 'county'" if county_only else "")
    taken: list[float] = []
    rows: list[Any] = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        rows = await connection.fetch(query, COUNTY, QUARTER)
        taken.append((time.perf_counter() - started) * 1000)
    return Timed(median(taken), max(taken), len(rows))
