"""Requested replays and the nightly audit. One replica at a time runs what is due.

A request is a row in the database, so it needs no other channel to a service, and its result is stored beside it. A row
stays due until its end is written. A replay that a crash interrupted starts again, but only `ATTEMPTS` times, since the
replay itself may crash the service.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from shared.failure import Failure, classify
from shared.postgres.change_numbers import increment_all_change_numbers
from shared.postgres.chunks import Pool
from shared.postgres.lock import Connection
from shared.postgres.replay import Findings, Replay
from shared.registers import Registers

ATTEMPTS: Final = 3
_LOCK: Final = 0x7265_706C  # with the number of the service
_ZONE: Final = ZoneInfo("Europe/Helsinki")
_NIGHT: Final = time(3, 0)
_LONG: Final = timedelta(hours=3)
_ASK: Final = "insert into {schema}.replay (repairs) values (false)"
# Facts that a refold has not reached yet would look wrong.
_REFOLDS: Final = "select exists (select from {schema}.refold where registers <> $1)"
_LAST: Final = "select max(started_at) from {schema}.replay where not repairs"
_NEXT: Final = """
select replay, repairs, from_kafka, attempts from {schema}.replay
where ended_at is null and (records is not null or not from_kafka) order by replay limit 1
"""
_UNREAD: Final = """
select replay, attempts from {schema}.replay where ended_at is null and from_kafka and records is null
order by replay limit 1
"""
_BEGIN: Final = """
update {schema}.replay
set started_at = coalesce(started_at, clock_timestamp()), attempts = attempts + 1
where replay = $1
"""
_NOT_COUNTED: Final = "update {schema}.replay set attempts = attempts - 1 where replay = $1"
_READ: Final = "update {schema}.replay set records = $2, attempts = 0 where replay = $1"
_END: Final = """
update {schema}.replay
set ended_at = clock_timestamp(), facts = $2, wrong_facts = $3, cells = $4, wrong_cells = $5, failed = $6
where replay = $1
"""
_WRONG: Final = """
select wrong_facts + wrong_cells from {schema}.replay where ended_at is not null and failed is null
order by replay desc limit 1
"""

_FAILED: Final = """
select failed is not null from {schema}.replay where ended_at is not null order by replay desc limit 1
"""

Read = Callable[[], Awaitable[int]]
"""Read again every record that Kafka retains; returns how many there were."""

Afterwards = Callable[[bool], Awaitable[None]]
"""What a family does after a repair; its argument says whether the retained records were read again before."""


class ReplayAbandonedError(Exception):
    """A replay or audit was interrupted too often and does not start again."""


def audit_is_due(last: datetime | None, now: datetime) -> bool:
    """Whether it is night in Finland and no audit has started since the night began."""
    local = now.astimezone(_ZONE)
    night = datetime.combine(local.date(), _NIGHT, _ZONE)
    return night <= local < night + _LONG and (last is None or last < night)


async def read_due(pool: Pool, service: int, schema: str, read: Read) -> int | None:
    """Read what Kafka retains again, for the oldest replay that requests it. Returns the number of records; None if no
    replay requests it or another replica works on it.

    This is a separate step before the replay, because the registers may change while it runs.
    """
    async with pool.acquire() as connection:
        if not await connection.fetchval(_UNREAD.format(schema=schema)):
            return None
        async with _alone(connection, service) as alone:
            row = await connection.fetchrow(_UNREAD.format(schema=schema)) if alone else None
            if row is None:
                return None
            async with _attempt(connection, schema, row, transient_ends=False):
                records = await read()
            await connection.execute(_READ.format(schema=schema), row["replay"], records)
            return records


async def replay_due(
    pool: Pool,
    service: int,
    replay: Replay,
    registers: Registers,
    now: datetime,
    afterwards: Afterwards | None = None,
) -> Findings | None:
    """Run the oldest waiting replay or audit. None if none waits, another replica runs one, or the refold of a county
    to these registers has not ended.
    """
    schema = replay.schema
    async with pool.acquire() as connection:

        async def audits() -> bool:
            return audit_is_due(await connection.fetchval(_LAST.format(schema=schema)), now)

        if not (await connection.fetchrow(_NEXT.format(schema=schema)) or await audits()):
            return None
        if await connection.fetchval(_REFOLDS.format(schema=schema), registers.version):
            return None
        async with _alone(connection, service) as alone:
            if not alone:
                return None
            if await audits():
                await connection.execute(_ASK.format(schema=schema))
            row = await connection.fetchrow(_NEXT.format(schema=schema))
            return await _do(connection, row, pool, replay, registers, afterwards) if row else None


@asynccontextmanager
async def _alone(connection: Connection, service: int) -> AsyncIterator[bool]:
    """Whether no other replica reads or replays. None starts before this context ends."""
    alone = await connection.fetchval("select pg_try_advisory_lock($1, $2)", _LOCK, service)
    try:
        yield bool(alone)
    finally:
        if alone:
            await connection.execute("select pg_advisory_unlock($1, $2)", _LOCK, service)


async def _do(
    connection: Connection,
    row: Any,
    pool: Pool,
    replay: Replay,
    registers: Registers,
    afterwards: Afterwards | None,
) -> Findings:
    async with _attempt(connection, replay.schema, row, transient_ends=True):
        found = await (replay.run if row["repairs"] else replay.audit)(pool, registers)
        if row["repairs"] and afterwards:
            await afterwards(row["from_kafka"])
        if found.wrong_facts + found.wrong_cells and row["repairs"]:
            await increment_all_change_numbers(connection, replay.schema)
    await connection.execute(_END.format(schema=replay.schema), row["replay"], *found, None)
    return found


@asynccontextmanager
async def _attempt(connection: Connection, schema: str, row: Any, transient_ends: bool) -> AsyncIterator[None]:
    """Count an attempt and store the error that ends it. A graceful stop does not count, nor does a transient error
    that does not end the replay. Raises ReplayAbandonedError after `ATTEMPTS` attempts.
    """
    number, end = row["replay"], _END.format(schema=schema)
    if row["attempts"] >= ATTEMPTS:
        await connection.execute(end, number, *Findings(), f"interrupted {row['attempts']} times")
        raise ReplayAbandonedError(f"replay {number} of {schema} was interrupted {row['attempts']} times")
    await connection.execute(_BEGIN.format(schema=schema), number)
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, Exception) and (transient_ends or classify(error) is not Failure.TRANSIENT):
            await connection.execute(end, number, *Findings(), type(error).__name__)
        else:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.execute(_NOT_COUNTED.format(schema=schema), number)
        raise


async def last_wrong(pool: Pool, schema: str) -> int | None:
    """How many facts and cells the last replay or audit found wrong; None before the first."""
    found: int | None = await pool.fetchval(_WRONG.format(schema=schema))
    return found


async def last_failed(pool: Pool, schema: str) -> bool:
    """Whether the last replay or audit ended without a result."""
    return bool(await pool.fetchval(_FAILED.format(schema=schema)))
