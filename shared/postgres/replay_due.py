"""Requested replays and audits. One replica at a time runs what is due, under a lease.

A request is a row in the database, so it needs no other channel to a service, and its result is stored beside it. A row
stays due until its end is written. A replay that a crash interrupted starts again, but only `ATTEMPTS` times, since the
replay itself may crash the service.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg

from shared.failure import Failure, classify, is_connection_lost
from shared.postgres.change_numbers import increment_all_change_numbers
from shared.postgres.chunks import Pool
from shared.postgres.replay import Findings, Replay
from shared.registers import Registers

ATTEMPTS: Final = 3
# Facts that a refold has not reached yet would look wrong.
_NEXT: Final = """
select replay, repairs, from_kafka, attempts from {schema}.replay
where ended_at is null and (records is not null or not from_kafka)
  and not exists (select from {schema}.refold where registers <> $1)
order by replay limit 1
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
# A replay is of all counties: what it found holds until each has an audit of its own.
_STATE: Final = """
with last as (
  select ended_at, wrong_facts + wrong_cells as wrong, failed is not null as failed
  from {schema}.replay where ended_at is not null order by replay desc limit 1
),
done as (select ended_at, wrong from last where not failed),
newer as (
  select county, wrong_facts + wrong_cells as wrong, failed is not null as failed
  from {schema}.audit where ended_at is not null and ended_at > coalesce((select ended_at from last), '-infinity')
)
select coalesce((select sum(wrong) from newer), 0)
         + coalesce((select wrong from done where exists (
             select from {schema}.refold r where r.county not in (select county from newer))), 0) as wrong,
       coalesce((select bool_or(failed) from newer), false)
         or coalesce((select failed from last where not exists (select from newer)), false) as failed
"""

Read = Callable[[], Awaitable[int]]
"""Read again every record that Kafka retains; returns how many there were."""

Afterwards = Callable[[bool], Awaitable[None]]
"""What a family does after a repair; its argument says whether the retained records were read again before."""


class ReplayAbandonedError(Exception):
    """A replay or audit was interrupted too often and does not start again."""


async def read_due(pool: Pool, schema: str, read: Read) -> int | None:
    """Read what Kafka retains again, for the oldest replay that requests it. Returns the number of records; None if no
    replay requests it.

    This is a separate step before the replay, because the registers may change while it runs.
    """
    row = await pool.fetchrow(_UNREAD.format(schema=schema))
    if row is None:
        return None
    async with _attempt(pool, schema, row, transient_ends=False):
        records = await read()
    await pool.execute(_READ.format(schema=schema), row["replay"], records)
    return records


async def replay_due(
    pool: Pool, replay: Replay, registers: Registers, afterwards: Afterwards | None = None
) -> Findings | None:
    """Run the oldest waiting replay. None if none waits, or the refold of a county to these registers has not ended."""
    row = await pool.fetchrow(_NEXT.format(schema=replay.schema), registers.version)
    return await _do(row, pool, replay, registers, afterwards) if row else None


async def _do(
    row: Any,
    pool: Pool,
    replay: Replay,
    registers: Registers,
    afterwards: Afterwards | None,
) -> Findings:
    async with _attempt(pool, replay.schema, row, transient_ends=True):
        found = await (replay.run if row["repairs"] else replay.audit)(pool, registers)
        if row["repairs"] and afterwards:
            await afterwards(row["from_kafka"])
        if found.wrong_facts + found.wrong_cells and row["repairs"]:
            async with pool.acquire() as connection:
                await increment_all_change_numbers(connection, replay.schema)
    await pool.execute(_END.format(schema=replay.schema), row["replay"], *found, None)
    return found


@asynccontextmanager
async def _attempt(pool: Pool, schema: str, row: Any, transient_ends: bool) -> AsyncIterator[None]:
    """Count an attempt and store the error that ends it. A graceful stop or a lost lease does not count, nor does a
    transient error that does not end the replay. A lost connection counts and ends nothing, as a crash. Raises
    ReplayAbandonedError after `ATTEMPTS` attempts.
    """
    number, end = row["replay"], _END.format(schema=schema)
    if row["attempts"] >= ATTEMPTS:
        await pool.execute(end, number, *Findings(), f"interrupted {row['attempts']} times")
        raise ReplayAbandonedError(f"replay {number} of {schema} was interrupted {row['attempts']} times")
    await pool.execute(_BEGIN.format(schema=schema), number)
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        transient = classify(error) is Failure.TRANSIENT or not isinstance(error, Exception)
        if isinstance(error, Exception) and not is_connection_lost(error) and (transient_ends or not transient):
            await pool.execute(end, number, *Findings(), type(error).__name__)
        elif not (transient_ends and isinstance(error, Exception)):
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await pool.execute(_NOT_COUNTED.format(schema=schema), number)
        raise


async def last_state(pool: Pool, schema: str) -> tuple[int, bool]:
    """How many facts and cells the last replay or audit of each county found wrong, and whether one ended without a
    result.
    """
    row = await pool.fetchrow(_STATE.format(schema=schema))
    assert row is not None  # one row without tables
    return int(row["wrong"]), row["failed"]
