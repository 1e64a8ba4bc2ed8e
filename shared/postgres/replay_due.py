"""Replays that are asked for in the database, and the nightly audit: one replica at a time does what is due.

Asking by a row needs no further way to a service, and says what came of it wherever the database is read.
"""

from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

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
_NEXT: Final = "select replay, mends from {schema}.replay where ended_at is null order by replay limit 1"
_BEGIN: Final = "update {schema}.replay set begun_at = clock_timestamp() where replay = $1"
_END: Final = """
update {schema}.replay
set ended_at = clock_timestamp(), facts = $2, wrong_facts = $3, cells = $4, wrong_cells = $5, failed = $6
where replay = $1
"""
_WRONG: Final = """
select wrong_facts + wrong_cells from {schema}.replay where ended_at is not null and failed is null
order by replay desc limit 1
"""


def audit_is_due(last: datetime | None, now: datetime) -> bool:
    """Whether it is night in Finland and no audit has begun since it came."""
    local = now.astimezone(_ZONE)
    night = datetime.combine(local.date(), _NIGHT, _ZONE)
    return night <= local < night + _LONG and (last is None or last < night)


async def replay_due(pool: Pool, service: int, replay: Replay, registers: Registers, now: datetime) -> Findings | None:
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
        if not await connection.fetchval("select pg_try_advisory_lock($1, $2)", _LOCK, service):
            return None
        try:
            if await audits():
                await connection.execute(_ASK.format(schema=schema))
            row = await connection.fetchrow(_NEXT.format(schema=schema))
            return await _do(connection, row, pool, replay, registers) if row else None
        finally:
            await connection.execute("select pg_advisory_unlock($1, $2)", _LOCK, service)


async def _do(connection: Connection, row: Any, pool: Pool, replay: Replay, registers: Registers) -> Findings:
    end = _END.format(schema=replay.schema)
    await connection.execute(_BEGIN.format(schema=replay.schema), row["replay"])
    try:
        found = await (replay.run if row["mends"] else replay.audit)(pool, registers)
    except Exception as error:
        await connection.execute(end, row["replay"], *Findings(), type(error).__name__)
        raise
    await connection.execute(end, row["replay"], *found, None)
    return found


async def last_wrong(pool: Pool, schema: str) -> int | None:
    """How many facts and cells the last replay or audit found wrong; None before the first."""
    found: int | None = await pool.fetchval(_WRONG.format(schema=schema))
    return found
