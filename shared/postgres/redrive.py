"""Trying dead letters again: those that the steward asked for, and those whose cause may be gone by itself.

Letters for an unknown unit or source are tried when the registers have changed since the verdict, letters from
the future once the clock allows. Whoever tries holds the rows, so that two replicas do not try the same.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import asyncpg

from shared.contracts.reasons import Reason
from shared.failure import Failure, classify
from shared.letters import LetterSealedError, Rejected, Sealer
from shared.postgres.lock import Connection
from shared.record import PlainRecord

AT_ONCE: Final = 200

Attempt = Callable[[PlainRecord], Awaitable[Rejected | None]]
"""Process a record again: None when it counts now, else the new verdict."""

_DUE: Final = """
select letter, topic, "partition", "offset", recorded_at, sealed from {schema}.dead_letter
where letter > $4 and not truncated and (state = 'redrive' or state = 'open' and (
  reason in ('unknown_unit', 'unknown_source') and register_version <> $1
  or reason = 'future_time' and retry_at <= $2))
order by letter limit $3 for update skip locked
"""
_RESOLVED: Final = """
update {schema}.dead_letter set state = 'resolved', attempts = attempts + 1, changed_at = clock_timestamp()
where letter = $1
"""
_SEALED: Final = """
update {schema}.dead_letter
set state = 'open', attempts = attempts + 1, changed_at = clock_timestamp(), detail = $2, retry_at = null,
    register_version = $3
where letter = $1
"""
_REJECTED_AGAIN: Final = """
update {schema}.dead_letter
set state = 'open', attempts = attempts + 1, changed_at = clock_timestamp(), reason = $2, detail = $3,
    retry_at = $4, register_version = $5
where letter = $1
"""


async def redrive_due(
    pool: "asyncpg.Pool[asyncpg.Record]",
    schema: str,
    sealer: Sealer,
    attempt: Attempt,
    register_version: str,
    now: datetime,
) -> int:
    """Try every letter that is due, a bounded number a transaction; returns how many were tried."""
    tried = last = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            due = await connection.fetch(_DUE.format(schema=schema), register_version, now, AT_ONCE, last)
            for row in due:
                await _try(connection, schema, row, sealer, attempt, register_version)
        tried, last = tried + len(due), due[-1]["letter"] if due else last
        if len(due) < AT_ONCE:
            return tried


async def _try(
    connection: Connection,
    schema: str,
    row: asyncpg.Record,
    sealer: Sealer,
    attempt: Attempt,
    register_version: str,
) -> None:
    milliseconds = round(row["recorded_at"].timestamp() * 1000)
    try:
        record = sealer.open(row["topic"], row["partition"], row["offset"], milliseconds, row["sealed"])
    except LetterSealedError as error:
        sentence = f"cannot be opened: {error}"
        await connection.execute(_SEALED.format(schema=schema), row["letter"], sentence, register_version)
        return
    try:
        verdict = await attempt(record)
    except Exception as error:
        if classify(error) is Failure.TRANSIENT:
            raise
        verdict = Rejected(Reason.HANDLER_BUG, type(error).__name__)
    if verdict is None:
        await connection.execute(_RESOLVED.format(schema=schema), row["letter"])
        return
    await connection.execute(
        _REJECTED_AGAIN.format(schema=schema),
        row["letter"],
        str(verdict.reason),
        verdict.detail,
        verdict.retry_at,
        verdict.registers,
    )
