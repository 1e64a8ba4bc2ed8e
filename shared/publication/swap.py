"""Replaces the older publication in one transaction: a reader sees one or the other."""

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from shared.postgres.lock import Connection
from shared.postgres.pool import extend_transaction_timeout
from shared.publication.protection import Protected, Row, keys_of, views_of
from shared.publication.snapshot import Snapshot, Unit

_LONGEST_S: Final = 300
_CHUNK: Final = 5000  # rows a statement
_COLUMNS: Final = """
select attname, format_type(atttypid, atttypmod) as kind from pg_attribute
where attrelid = format('report.%I', $1::text)::regclass and attnum > 0 and not attisdropped order by attnum
"""
# Periods of a year are those whose text begins with it, whatever their kind.
_FORGET: Final = "delete from report.{view} where county = $1 and period >= $2 and period < $3"
_INSERT: Final = "insert into report.{view} ({names}) select * from unnest({arrays})"  # COPY has no row security
_FORGET_CODES: Final = "delete from report.code_shown where (family, county, year) = ($1, $2, $3)"
_CODES: Final = """
insert into report.code_shown (family, county, year, key, code)
select $1, $2, $3, * from unnest($4::text[], $5::text[])
"""
_STATE: Final = """
insert into report.publication (family, county, year, published_at, seconds, rows, hidden, hidden_levels)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (family, county, year) do update
set published_at = excluded.published_at, seconds = excluded.seconds, rows = excluded.rows, hidden = excluded.hidden,
    hidden_levels = excluded.hidden_levels, failed_at = null, failure = null
"""
_FAILED: Final = """
insert into report.publication (family, county, year, failed_at, failure) values ($1, $2, $3, $4, $5)
on conflict (family, county, year) do update set failed_at = excluded.failed_at, failure = excluded.failure
"""
_PUBLISHED: Final = """
insert into {schema}.published (county, year, change_number, registers, published_at) values ($1, $2, $3, $4, $5)
on conflict (county, year) do update
set change_number = excluded.change_number, registers = excluded.registers, published_at = excluded.published_at
"""


async def swap(
    connection: Connection,
    family: str,
    unit: Unit,
    snapshot: Snapshot,
    protected: Protected,
    now: datetime,
    seconds: Callable[[], float],
) -> None:
    """Replace the stored rows of a unit. `seconds`: how long the publication has taken."""
    async with connection.transaction():
        await extend_transaction_timeout(connection, _LONGEST_S)
        for view in views_of(family):
            await connection.execute(
                _FORGET.format(view=view), unit.county, f"{unit.year:04}", f"{unit.year + 1:04}", timeout=_LONGEST_S
            )
            await _insert(connection, view, [{**row, "published_at": now} for row in _ordered(view, protected)])
        await _write_codes(connection, family, unit, protected)
        total = sum(map(len, protected.rows.values()))
        key = (family, unit.county, unit.year)
        await connection.execute(_STATE, *key, now, seconds(), total, protected.hidden, protected.hidden_levels)
        state = (unit.county, unit.year, snapshot.change_number, snapshot.registers, now)
        await connection.execute(_PUBLISHED.format(schema=family), *state)


def _ordered(view: str, protected: Protected) -> list[Row]:
    """In the order of their keys: readers see where a row is stored (`ctid`), and a plan may order rows by counts."""
    keys = itemgetter(*keys_of(view))
    return sorted(protected.rows.get(view, ()), key=keys)


async def note_failure(connection: Connection, family: str, unit: Unit, now: datetime, failure: str) -> None:
    """Record that the last attempt failed; the older publication stays."""
    await connection.execute(_FAILED, family, unit.county, unit.year, now, failure)


async def _insert(connection: Connection, view: str, rows: Sequence[Row]) -> None:
    columns = await connection.fetch(_COLUMNS, view)
    names = ", ".join(row["attname"] for row in columns)
    arrays = ", ".join(f"${i}::{row['kind']}[]" for i, row in enumerate(columns, 1))
    statement = _INSERT.format(view=view, names=names, arrays=arrays)
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        values = [[row[column["attname"]] for row in chunk] for column in columns]
        await connection.execute(statement, *values, timeout=_LONGEST_S)


async def _write_codes(connection: Connection, family: str, unit: Unit, protected: Protected) -> None:
    """What codes the rows show: scopes by their level, those of units apart, which have a register of their own."""
    codes: set[tuple[str, str]] = set()
    for view, rows in protected.rows.items():
        keys = [key for key in (*keys_of(view), "state") if key not in ("county", "period", "scope")]
        for row in rows:
            codes.update((key, str(row[key])) for key in keys)
            if row["scope_level"] not in ("county", "unit"):
                codes.add((row["scope_level"], row["scope"]))
    await connection.execute(_FORGET_CODES, family, unit.county, unit.year)
    ordered = sorted(codes)
    await connection.execute(
        _CODES, family, unit.county, unit.year, [key for key, _ in ordered], [code for _, code in ordered]
    )
