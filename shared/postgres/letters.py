"""The table of dead letters of a service: written in the batch's own transaction, read by the steward."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from shared.letters import KEPT_BYTES, Letter, Sealer, kept_timestamp
from shared.postgres.lock import Connection

_WRITE: Final = """
insert into {schema}.dead_letter
  (topic, "partition", "offset", recorded_at, sealed, payload_bytes, truncated, reason, detail, source,
   retry_at, register_version)
select * from unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::bigint[],
  $7::boolean[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[])
on conflict (topic, "partition", "offset", recorded_at) do nothing
"""

_OPEN: Final = """
select reason, count(*)::int as letters from {schema}.dead_letter where state in ('open', 'redrive') group by reason
"""


def at_milliseconds(timestamp: int) -> datetime:
    """A record's timestamp as a time."""
    return datetime.fromtimestamp(timestamp // 1000, UTC).replace(microsecond=timestamp % 1000 * 1000)


async def write_letters(connection: Connection, schema: str, letters: Sequence[Letter], sealer: Sealer) -> None:
    """Keep the letters; one that is there already stays as it is, so that redelivery adds nothing."""
    if not letters:
        return
    rows = [_row(letter, sealer) for letter in letters]
    await connection.execute(_WRITE.format(schema=schema), *map(list, zip(*rows, strict=True)))


def _row(letter: Letter, sealer: Sealer) -> tuple[object, ...]:
    record, verdict = letter.record, letter.verdict
    size = len(record.value or b"")
    return (
        record.topic,
        record.partition,
        record.offset,
        at_milliseconds(kept_timestamp(record.timestamp)),
        sealer.seal(record),
        size,
        size > KEPT_BYTES,
        str(verdict.reason),
        verdict.detail,
        verdict.source,
        verdict.retry_at,
        verdict.registers,
    )


async def count_open(connection: Connection, schema: str) -> dict[str, int]:
    """Open letters by reason."""
    rows = await connection.fetch(_OPEN.format(schema=schema))
    return {row["reason"]: row["letters"] for row in rows}
