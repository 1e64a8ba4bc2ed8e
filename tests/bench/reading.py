"""How long figures take to read: what the readings of the families share."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import asyncpg

from shared.postgres.lock import Connection
from tests.bench.family import Family
from tests.bench.rebuilt import differing, rebuild, tables, take_over
from tests.bench.stage import Database
from tests.bench.workload import UNTIL

COUNTY: Final = "oma-hame"
QUARTER: Final = "2026Q1"
LEVEL: Final = "level county"
LEVELS: Final = "all levels"
_TIMES: Final = 7
_VIEW: Final = "select * from figures.{view} where county = $1 and period_kind = 'quarter' and period = $2"
_INDEXES: Final = """
select schemaname || '.' || indexname as name, indexdef from pg_indexes
where schemaname || '.' || tablename = $1 and indexname not like '%\\_pkey'
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds: the median and the largest of some; and how many rows came."""

    middle: float
    max_records: float
    rows: int


@dataclass(slots=True)
class Reading:
    """`views`: view to level to time. `counts`: kind of period to the time of counting all its cells."""

    what: str
    facts: int
    loading_s: float
    views: dict[str, dict[str, Timed]] = field(default_factory=dict)
    counts: dict[str, Timed] = field(default_factory=dict)


@asynccontextmanager
async def session(dsn: str, **settings: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """At the as-of time of the log's end; every statement is planned anew, as those of different people are."""
    at = {"hva.as_of": f"{UNTIL.isoformat()}T00:00:00Z"}
    connection = await asyncpg.connect(dsn, statement_cache_size=0, server_settings={**at, **settings})
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def without_indexes(database: Database, table: str) -> AsyncIterator[None]:
    """Facts keep their primary key only meanwhile: indexes are built faster at once than row by row."""
    async with session(database.dsn(), maintenance_work_mem="1GB") as connection:
        indexes = await connection.fetch(_INDEXES, table)
        for index in indexes:
            await connection.execute(f"drop index {index['name']}")
        yield
        for index in indexes:
            await connection.execute(index["indexdef"])


async def buckets(database: Database, family: Family, *, check: bool) -> None:
    """Count the buckets from the facts: to hold them against the service's (`check`), or to take their place."""
    fast = {"synchronous_commit": "off", "work_mem": "1GB", "temp_buffers": "1GB"}
    async with session(database.dsn(), **fast) as connection:
        for statement in rebuild(family):
            await connection.execute(statement)
        for measure, table in tables(family):
            if not check:
                for statement in take_over(family, table):
                    await connection.execute(statement)
            elif different := await connection.fetchval(differing(family, measure, table)):
                raise RuntimeError(f"{different} rows of {table} differ from what the service counted")


async def read_view(connection: Connection, view: str) -> dict[str, Timed]:
    """A county's quarter, over all channels and segments."""
    return await read(connection, _VIEW.format(view=view), COUNTY, QUARTER)


async def read(connection: Connection, query: str, *arguments: str) -> dict[str, Timed]:
    """Level to time. The query may be given one more condition."""
    return {
        LEVEL: await _read(connection, f"{query} and scope_level = 'county'", arguments),
        LEVELS: await _read(connection, query, arguments),
    }


async def _read(connection: Connection, query: str, arguments: Iterable[str]) -> Timed:
    taken: list[float] = []
    rows: list[Any] = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        rows = await connection.fetch(query, *arguments)
        taken.append((time.perf_counter() - started) * 1000)
    return Timed(median(taken), max(taken), len(rows))


def words(view: str, levels: dict[str, Timed]) -> str:
    """What is said of a view while the benchmark runs."""
    return f"{view}: " + ", ".join(f"{level} {timed.middle:.0f} ms" for level, timed in levels.items())
