"""How long figures take to read: the code shared by the families' measurements."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import asyncpg

from shared.postgres.lock import Connection
from tests.bench.family import Family
from tests.bench.rebuilt import differing, rebuild, replace_buckets, tables
from tests.bench.stage import Database
from tests.bench.workload import UNTIL

COUNTY: Final = "oma-hame"
QUARTER: Final = "2026Q1"
LEVEL: Final = "level county"
LEVELS: Final = "all levels"
_REPEATS: Final = 7
_VIEW: Final = "select * from figures.{view} where county = $1 and period_kind = 'quarter' and period = $2"
_INDEXES: Final = """
select schemaname || '.' || indexname as name, indexdef from pg_indexes
where schemaname || '.' || tablename = $1 and indexname not like '%\\_pkey'
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Median and maximum in milliseconds, and the number of rows."""

    median_ms: float
    slowest: float
    rows: int


@dataclass(slots=True)
class Reading:
    """`views`: view to level to time. `counts`: kind of period to the time of computing all its cells."""

    what: str
    facts: int
    loading_s: float
    views: dict[str, dict[str, Timed]] = field(default_factory=dict)
    counts: dict[str, Timed] = field(default_factory=dict)


@asynccontextmanager
async def session(dsn: str, **settings: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A session with the end of the log as its as-of time. Every statement is planned again, as for separate users."""
    at = {"hva.as_of": f"{UNTIL.isoformat()}T00:00:00Z"}
    connection = await asyncpg.connect(dsn, statement_cache_size=0, server_settings={**at, **settings})
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def without_indexes(database: Database, table: str) -> AsyncIterator[None]:
    """Drop all indexes except the primary key meanwhile: building them at the end is faster than row by row."""
    async with session(database.dsn(), maintenance_work_mem="1GB") as connection:
        indexes = await connection.fetch(_INDEXES, table)
        for index in indexes:
            await connection.execute(f"drop index {index['name']}")
        yield
        for index in indexes:
            await connection.execute(index["indexdef"])


async def rebuild_buckets(database: Database, family: Family, *, check: bool) -> None:
    """Compute the buckets from the facts, to compare them with the service's (`check`) or to replace those.

    Raises RuntimeError if they differ.
    """
    fast = {"synchronous_commit": "off", "work_mem": "1GB", "temp_buffers": "1GB"}
    async with session(database.dsn(), **fast) as connection:
        for statement in rebuild(family):
            await connection.execute(statement)
        for measure, table in tables(family):
            if not check:
                for statement in replace_buckets(family, table):
                    await connection.execute(statement)
            elif different := await connection.fetchval(differing(family, measure, table)):
                raise RuntimeError(f"{different} rows of {table} differ from what the service counted")


async def read_view(connection: Connection, view: str) -> dict[str, Timed]:
    """Read a county's quarter, over all channels and segments."""
    return await read(connection, _VIEW.format(view=view), COUNTY, QUARTER)


async def read(connection: Connection, query: str, *arguments: str) -> dict[str, Timed]:
    """Level to time. The query must allow one more `and` condition."""
    return {
        LEVEL: await _read(connection, f"{query} and scope_level = 'county'", arguments),
        LEVELS: await _read(connection, query, arguments),
    }


async def _read(connection: Connection, query: str, arguments: Iterable[str]) -> Timed:
    taken: list[float] = []
    rows: list[Any] = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        rows = await connection.fetch(query, *arguments)
        taken.append((time.perf_counter() - started) * 1000)
    return Timed(median(taken), max(taken), len(rows))


def summary_line(view: str, levels: dict[str, Timed]) -> str:
    """The progress message of a view."""
    return f"{view}: " + ", ".join(f"{level} {timed.median_ms:.0f} ms" for level, timed in levels.items())
