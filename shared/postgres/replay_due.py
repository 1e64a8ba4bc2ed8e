"""Replays that are asked for in the database, and the nightly audit: one replica at a time does what is due.

Asking by a row needs no further way to a service, and says what came of it wherever the database is read. A row stays
due until its end is written there: what a crash cut short is begun anew.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.failure import Failure, classify
from shared.postgres.lock import Connection
from shared.postgres.replay import Findings, Pool, Replay
from shared.registers import Registers

_LOCK: Final = 0x7265_706C  # with the number of the service
_ZONE: Final = ZoneInfo("Europe/Helsinki")
_NIGHT: Final = time(3, 0)
_LONG: Final = timedelta(hours=3)
_ASK: Final = "insert into {schema}.replay (mends) values (false)"
# Facts on their way to other registers would look wrong.
_REFOLDS: Final = "select exists (select from {schema}.refold where registers <> $1)"
_LAST: Final = "select max(begun_at) from {schema}.replay where not mends"
_NEXT: Final = """
select replay, mends, from_kafka from {schema}.replay
where ended_at is null and (records is not null or not from_kafka) order by replay limit 1
"""
_UNREAD: Final = """
select replay from {schema}.replay where ended_at is null and from_kafka and records is null order by replay limit 1
"""
_BEGIN: Final = """
update {schema}.replay set begun_at = coalesce(begun_at, clock_timestamp()) where replay = $1
"""
_READ: Final = "update {schema}.replay set records = $2 where replay = $1"
_END: Final = """
update {schema}.replay
set ended_at = clock_timestamp(), facts = $2, wrong_facts = $3, cells = $4, wrong_cells = $5, failed = $6
where replay = $1
"""
_WRONG: Final = """
select wrong_facts + wrong_cells from {schema}.replay where ended_at is not null and failed is null
order by replay desc limit 1
"""

Read = Callable[[], Awaitable[int]]
"""Read again every record that Kafka retains; returns how many there were."""

Afterwards = Callable[[bool], Awaitable[None]]
"""What a family does once everything is mended; told whether what Kafka retains was read before."""


def audit_is_due(last: datetime | None, now: datetime) -> bool:
    """Whether it is night in Finland and no audit has begun since it came."""
    local = now.astimezone(_ZONE)
    night = datetime.combine(local.date(), _NIGHT, _ZONE)
    return night <= local < night + _LONG and (last is None or last < night)


async def read_due(pool: Pool, service: int, schema: str, read: Read) -> int | None:
    """Read again what Kafka retains for the oldest replay that waits for that; returns how many records there were.
    None where no replay does, or another replica is at it.

    A step of its own before the replay: it may take so long that other registers hold afterwards.
    """
    async with pool.acquire() as connection:
        if not await connection.fetchval(_UNREAD.format(schema=schema)):
            return None
        async with _alone(connection, service) as alone:
            number = await connection.fetchval(_UNREAD.format(schema=schema)) if alone else None
            if number is None:
                return None
            await connection.execute(_BEGIN.format(schema=schema), number)
            try:
                records = await read()
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    await connection.execute(_END.format(schema=schema), number, *Findings(), type(error).__name__)
                raise
            await connection.execute(_READ.format(schema=schema), number, records)
            return records


async def replay_due(
    pool: Pool,
    service: int,
    replay: Replay,
    registers: Registers,
    now: datetime,
    afterwards: Afterwards | None = None,
) -> Findings | None:
    """Do the oldest replay or audit that waits; None where none does, another replica is at it, or some county is not
    brought to these registers yet.
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
    """Whether no other replica reads or replays; none begins to until this is left."""
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
    end = _END.format(schema=replay.schema)
    await connection.execute(_BEGIN.format(schema=replay.schema), row["replay"])
    try:
        found = await (replay.run if row["mends"] else replay.audit)(pool, registers)
        if row["mends"] and afterwards:
            await afterwards(row["from_kafka"])
    except Exception as error:
        await connection.execute(end, row["replay"], *Findings(), type(error).__name__)
        raise
    await connection.execute(end, row["replay"], *found, None)
    return found


async def last_wrong(pool: Pool, schema: str) -> int | None:
    """How many facts and cells the last replay or audit found wrong; None before the first."""
    found: int | None = await pool.fetchval(_WRONG.format(schema=schema))
    return found
