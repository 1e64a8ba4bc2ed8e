"""The dead letter table of a service: written in the transaction of the batch, read by the steward."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import asyncpg

from shared.dead_letters import GATEWAY, MAX_VALUE_BYTES, DeadLetter, DeadLetterCipher, clamp_timestamp
from shared.postgres.lock import Connection

_COLUMNS: Final = """topic, "partition", "offset", recorded_at, sealed, payload_bytes, truncated, reason, detail,
  source, retry_at, register_version"""
_ROWS: Final = """unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::bigint[],
  $7::boolean[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[])"""
_WRITE: Final = f"""
insert into {{schema}}.dead_letter ({_COLUMNS})
select * from {_ROWS}
on conflict (topic, "partition", "offset", recorded_at) do nothing
"""

# A separate statement, because `on conflict do update` would wait for the rows that a redrive locks.
_REOPEN: Final = f"""
update {{schema}}.dead_letter stored
set state = 'open', attempts = stored.attempts + 1, changed_at = clock_timestamp(), sealed = rejected.sealed,
    reason = rejected.reason, detail = rejected.detail, source = rejected.source, retry_at = rejected.retry_at,
    register_version = rejected.register_version
from {_ROWS} rejected({_COLUMNS})
where stored.topic = rejected.topic and stored."partition" = rejected."partition"
  and stored."offset" = rejected."offset" and stored.recorded_at = rejected.recorded_at
  and stored.state in ('resolved', 'discarded')
"""

_OPEN: Final = """
select reason, count(*)::int as dead_letters
from {schema}.dead_letter
where state in ('open', 'redrive')
group by reason
"""

# Locks of rows that a gateway reopens meanwhile are not waited for.
_REMOVE: Final = """
delete from {schema}.dead_letter where id = any(array(
  select id from {schema}.dead_letter
  where state in ('resolved', 'discarded') and changed_at < $1 and topic <> all($2)
  order by id limit $3 for update skip locked))
"""
_REMOVED_AT_ONCE: Final = 500  # of up to 4 MiB each


def at_milliseconds(timestamp: int) -> datetime:
    """Return a record's timestamp (milliseconds since the epoch) as an aware UTC time."""
    return datetime.fromtimestamp(timestamp // 1000, UTC).replace(microsecond=timestamp % 1000 * 1000)


async def write_dead_letters(
    connection: Connection, schema: str, dead_letters: Sequence[DeadLetter], cipher: DeadLetterCipher
) -> None:
    """Write the dead letters. An existing one stays as it is, so that redelivery adds nothing.

    The gateway is different: the position of its records follows from their content, and only a sender delivers them
    again. If a sender repeats a record whose dead letter was resolved or discarded, it is rejected again, and the dead
    letter is reopened with the new verdict.
    """
    rows = [_row(dead_letter, cipher) for dead_letter in dead_letters]
    # In this order: `remove_closed` may remove a closed dead letter between the statements, which is then written anew.
    await _execute(connection, _REOPEN.format(schema=schema), [row for row in rows if row[0] == GATEWAY])
    await _execute(connection, _WRITE.format(schema=schema), rows)


async def _execute(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await connection.execute(statement, *map(list, zip(*rows, strict=True)))


def _row(dead_letter: DeadLetter, cipher: DeadLetterCipher) -> tuple[object, ...]:
    record, verdict = dead_letter.record, dead_letter.verdict
    size = len(record.value or b"")
    return (
        record.topic,
        record.partition,
        record.offset,
        at_milliseconds(clamp_timestamp(record.timestamp)),
        cipher.encrypt(record),
        size,
        size > MAX_VALUE_BYTES,
        str(verdict.reason),
        verdict.detail,
        verdict.source,
        verdict.retry_at,
        verdict.registers,
    )


async def count_open(connection: Connection, schema: str) -> dict[str, int]:
    """Count open dead letters by reason."""
    rows = await connection.fetch(_OPEN.format(schema=schema))
    return {row["reason"]: row["dead_letters"] for row in rows}


async def remove_closed(
    pool: "asyncpg.Pool[asyncpg.Record]", schema: str, before: datetime, kept: Sequence[str]
) -> int:
    """Remove dead letters that were resolved or discarded before a time. Returns how many.

    Open ones stay, and those of the topics `kept`: a record that Kafka still has would become a dead letter again when
    it is read again. No index serves this: each call reads the table once.
    """
    statement, removed = _REMOVE.format(schema=schema), 0
    while True:
        done = await pool.execute(statement, before, kept, _REMOVED_AT_ONCE)
        removed += (count := int(done.split()[-1]))
        if count < _REMOVED_AT_ONCE:
            return removed
