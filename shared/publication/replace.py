"""Replaces a publication by a newer one in one transaction, so that a reader sees either of them as a whole."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from shared.postgres.lock import Connection
from shared.postgres.pool import extend_transaction_timeout
from shared.publication.protection import Protected, Row, keys_of, views_of
from shared.publication.restate import restate
from shared.publication.snapshot import CountyYear, Snapshot

_TIMEOUT_S: Final = 300
_CHUNK: Final = 5000  # rows a statement
_COLUMNS: Final = """
select attname, format_type(atttypid, atttypmod) as kind from pg_attribute
where attrelid = format('report.%I', $1::text)::regclass and attnum > 0 and not attisdropped order by attnum
"""
# The text of every period of a year begins with the year.
_DELETE: Final = "delete from report.{view} where county = $1 and period >= $2 and period < $3"
_INSERT: Final = "insert into report.{view} ({names}) select * from unnest({arrays})"  # COPY has no row security
_DELETE_CODES: Final = "delete from report.code_shown where (family, county, year) = ($1, $2, $3)"
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
insert into {schema}.published (county, year, change_number, registers, published_at, restated_position,
  outcomes)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (county, year) do update
set change_number = excluded.change_number, registers = excluded.registers, published_at = excluded.published_at,
    restated_position = excluded.restated_position, outcomes = excluded.outcomes
"""


async def replace_published(
    connection: Connection,
    family: str,
    county_year: CountyYear,
    snapshot: Snapshot,
    protected: Protected,
    now: datetime,
    seconds: Callable[[], float],
) -> None:
    """Replace the stored rows of a county and year. `seconds`: how long the publication has taken."""
    years = f"{county_year.year:04}", f"{county_year.year + 1:04}"
    async with connection.transaction():
        await extend_transaction_timeout(connection, _TIMEOUT_S)
        for view in views_of(family):
            await connection.execute(_DELETE.format(view=view), county_year.county, *years, timeout=_TIMEOUT_S)
            await _insert(connection, view, ({**row, "published_at": now} for row in protected.rows(view)))
        await _write_codes(connection, family, county_year, protected)
        total, hidden = len(protected.cells), len(protected.hidden)
        key = (family, county_year.county, county_year.year)
        await connection.execute(_STATE, *key, now, seconds(), total, hidden, protected.hidden_levels)
        state = (county_year.county, county_year.year, snapshot.change_number, snapshot.registers, now)
        await connection.execute(
            _PUBLISHED.format(schema=family), *state, snapshot.restated_position, snapshot.outcomes
        )
        await restate(connection, family, county_year, now)


async def note_failure(
    connection: Connection, family: str, county_year: CountyYear, now: datetime, failure: str
) -> None:
    """Record that the last attempt failed; the previous publication stays."""
    await connection.execute(_FAILED, family, county_year.county, county_year.year, now, failure)


async def _insert(connection: Connection, view: str, rows: Iterator[Row]) -> None:
    """Store rows, sorted by key: readers see where a row is (`ctid`), and a query plan may order rows by counts."""
    columns = await connection.fetch(_COLUMNS, view)
    names = ", ".join(row["attname"] for row in columns)
    arrays = ", ".join(f"${i}::{row['kind']}[]" for i, row in enumerate(columns, 1))
    statement = _INSERT.format(view=view, names=names, arrays=arrays)
    while chunk := list(islice(rows, _CHUNK)):
        values = [[row[column["attname"]] for row in chunk] for column in columns]
        await connection.execute(statement, *values, timeout=_TIMEOUT_S)


def _coded(view: str) -> list[str]:
    """The columns of a view that hold codes, besides scopes."""
    return [key for key in (*keys_of(view), "state") if key not in ("county", "period", "scope")]


async def _write_codes(connection: Connection, family: str, county_year: CountyYear, protected: Protected) -> None:
    """Store which codes the rows show: scopes by level, except units, whose names come from the unit register."""
    codes: set[tuple[str, str]] = set()
    if protected.cells:
        codes.add(("county", county_year.county))
    keys = {view: _coded(view) for view in views_of(family)}
    for cell, row in protected.cells.items():
        codes.update((key, str(row[key])) for key in keys[cell.view.name])
        if cell.level not in ("county", "unit"):
            codes.add((cell.level, cell.scope))
    await connection.execute(_DELETE_CODES, family, county_year.county, county_year.year)
    ordered = sorted(codes)
    await connection.execute(
        _CODES, family, county_year.county, county_year.year, [key for key, _ in ordered], [code for _, code in ordered]
    )
