"""The nightly audits: each county once a night, by any replica that holds its lease, one county at a time in a replica.

The county whose last audit is the oldest is first. A night that is too short for all counties therefore continues the
next night where it ended.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg

from shared.failure import is_connection_lost
from shared.postgres.chunks import Pool
from shared.postgres.lease import Hold
from shared.postgres.replay import Findings, Replay
from shared.postgres.replay_due import ATTEMPTS, ReplayAbandonedError
from shared.registers import Registers

_ZONE: Final = ZoneInfo("Europe/Helsinki")
_NIGHT: Final = time(3, 0)
_LONG: Final = timedelta(hours=3)
# Facts that a refold has not reached yet would look wrong. $1 is the beginning of the night.
_DUE: Final = """
select r.county from {schema}.refold r left join {schema}.audit a using (county)
where r.registers = $2 and ($3::text is null or r.county = $3)
  and (a.county is null or a.started_at < $1 or a.ended_at is null)
order by a.ended_at nulls first, r.county
"""
_BEGIN: Final = """
insert into {schema}.audit as a (county, started_at, attempts) values ($1, $2, 1)
on conflict (county) do update
set started_at = $2, ended_at = null, attempts = case when a.started_at < $3 then 1 else a.attempts + 1 end
returning attempts
"""
_END: Final = """
update {schema}.audit
set ended_at = clock_timestamp(), facts = $2, wrong_facts = $3, cells = $4, wrong_cells = $5, failed = $6
where county = $1
"""
_NOT_COUNTED: Final = "update {schema}.audit set attempts = attempts - 1 where county = $1"


class Audited(NamedTuple):
    """What the audit of a county found."""

    county: str
    found: Findings


def night_of(now: datetime) -> datetime | None:
    """The beginning of the night in Finland; None by day."""
    local = now.astimezone(_ZONE)
    night = datetime.combine(local.date(), _NIGHT, _ZONE)
    return night if night <= local < night + _LONG else None


async def audit_due(pool: Pool, hold: Hold, replay: Replay, registers: Registers, now: datetime) -> Audited | None:
    """Audit the county that is due first and that no other replica audits. None if there is none, or by day.

    A failed audit is stored, and the county is due again the next night. After `ATTEMPTS` crashes in a night, too.
    """
    night = night_of(now)
    if night is None:
        return None
    due = _DUE.format(schema=replay.schema)
    for row in await pool.fetch(due, night, registers.version, None):
        county = row["county"]
        async with hold("audit", county) as held:
            # Another replica may have audited it since.
            if held and await pool.fetchrow(due, night, registers.version, county):
                return Audited(county, await _audit(pool, replay, county, registers, now, night))
    return None


async def _audit(
    pool: Pool, replay: Replay, county: str, registers: Registers, now: datetime, night: datetime
) -> Findings:
    """Audit a county and store what was found, or the error that ended it."""
    end = _END.format(schema=replay.schema)
    attempts = await pool.fetchval(_BEGIN.format(schema=replay.schema), county, now, night)
    if attempts > ATTEMPTS:
        await pool.execute(end, county, *Findings(), f"interrupted {ATTEMPTS} times")
        raise ReplayAbandonedError(f"the audit of {county} in {replay.schema} was interrupted {ATTEMPTS} times")
    try:
        found = await replay.audit_county(pool, county, registers)
    except asyncio.CancelledError:  # a graceful stop, or the lease is lost
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await pool.execute(_NOT_COUNTED.format(schema=replay.schema), county)
        raise
    except Exception as error:
        if not is_connection_lost(error):  # that counts as a crash, and the county stays due
            await pool.execute(end, county, *Findings(), type(error).__name__)
        raise
    await pool.execute(end, county, *found, None)
    return found
