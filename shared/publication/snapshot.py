"""The input of a publication, read from one snapshot of the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast

from shared.disclosure.model import VIEWS, Cell, View
from shared.disclosure.nesting import UnitSpan
from shared.postgres.lock import Connection
from shared.postgres.pool import extend_transaction_timeout
from shared.publication.protection import Row, published, views_of
from shared.registers.units import gap_row

_TIMEOUT_S: Final = 600
_NEVER: Final = (date.max, date.max)

# The periods of a year that have begun. A period that has not begun is not published, even if facts exist in it.
_PERIODS: Final = """
select period from reference.period
where period = any($1::text[]) and first_day <= reference.as_of_day()
"""
# Supersets of the star; `shared.disclosure.star` decides exactly.
_ROWS: Final = """
select * from figures.{view}
where county = $1 and period = any($2::text[]) and period_kind <> 'day'
  and (segment = 'all' or scope_level in ('county', 'division'))
  and (channel = 'all' or scope_level in ('county', 'division', 'result_area', 'service_area'))
  and num_nonnulls({named}) <= 1
"""
_FEW: Final = "  and ({all} or period_kind in ('quarter', 'year') and scope_level in ('county', 'division'))"
_DAYS: Final = """
select * from figures.{view}
where county = $1 and period_kind = 'day' and period between $2 and $3 and period <= reference.as_of_day()::text
  and scope_level = 'county' and {all}
"""
_UNITS: Final = """
select * from reference.unit_row u
where county = $1
  and (current or not exists (select from reference.unit_row o where o.county = $1 and o.unit = u.unit and o.current))
"""
_CHANGE: Final = "select coalesce((select change_number from {schema}.touched where county = $1 and year = $2), 0)"
_INCLUDED: Final = """
select coalesce((select max(log_position) from {schema}.restated_fact where county = $1), 0) as log_position,
       (select jsonb_agg(to_jsonb(o) order by o.outcome, o.classification) from reference.outcome o) as outcomes
"""
_REGISTERS: Final = """
select coalesce((select version from reference.register_version where part = 'registers'), '')
  || case when exists (select from {schema}.refold where county = $1 and registers is distinct from
       (select version from reference.register_version where part = 'registers')) then ' (refolding)' else '' end
"""


@dataclass(frozen=True, slots=True)
class CountyYear:
    """A county and calendar year: what a family publishes at once."""

    county: str
    year: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The exact figures of a county and year, and what disclosure control needs. `change_number`, `registers`,
    `restated_position` (in the log of changed facts of closed periods) and `outcomes` (the flags of outcomes, as JSON)
    say which changes the figures include."""

    cells: Mapping[Cell, Row]
    spans: Sequence[UnitSpan]
    sensitive: frozenset[str]
    change_number: int
    registers: str
    restated_position: int = 0
    outcomes: str | None = None


async def read(connection: Connection, family: str, county_year: CountyYear, now: datetime) -> Snapshot:
    """The figures of a county and year as of `now`."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await extend_transaction_timeout(connection, _TIMEOUT_S)
        await connection.execute("select set_config('hva.as_of', $1, true)", now.isoformat())
        # The planner expects few rows of the buckets, and would sort hundreds of thousands instead of hashing them.
        await connection.execute("set local enable_sort = off")
        change_number = await connection.fetchval(_CHANGE.format(schema=family), county_year.county, county_year.year)
        registers = await connection.fetchval(_REGISTERS.format(schema=family), county_year.county)
        included = await connection.fetchrow(_INCLUDED.format(schema=family), county_year.county)
        assert included is not None
        units = await connection.fetch(_UNITS, county_year.county)
        cells = await _cells(connection, family, county_year)
    sensitive = frozenset(row["unit"] for row in units if row["sensitive"])
    return Snapshot(cells, [_span(dict(row)) for row in units], sensitive, change_number, registers, *included)


async def _cells(connection: Connection, family: str, county_year: CountyYear) -> dict[Cell, Row]:
    rows = await connection.fetch(_PERIODS, _periods(county_year.year))
    periods = [row["period"] for row in rows]
    county, first, last = county_year.county, f"{county_year.year:04}-01-01", f"{county_year.year:04}-12-31"
    cells: dict[Cell, Row] = {}  # holds records: dicts would take several times as much memory
    for view in map(VIEWS.__getitem__, views_of(family)):
        found = await connection.fetch(_rows_query(view), county, periods, timeout=_TIMEOUT_S)
        cells.update(published(view.name, cast(Sequence[Row], found)))
        if view.by_day:
            found = await connection.fetch(_days_query(view), county, first, last, timeout=_TIMEOUT_S)
            cells.update(published(view.name, cast(Sequence[Row], found)))
    return cells


def _rows_query(view: View) -> str:
    """The rows of months, quarters and the year: at most one key besides scope and period is not 'all'."""
    named = ", ".join(f"nullif({key}, 'all')" for key in _keys_with_all(view))
    few = _FEW.format(all=_all(view.few)) if view.few else ""
    return _ROWS.format(view=view.name, named=named) + few


def _days_query(view: View) -> str:
    """The rows of days, of the whole county."""
    return _DAYS.format(view=view.name, all=_all(_keys_with_all(view)))


def _keys_with_all(view: View) -> list[str]:
    return ["channel", "segment", *(key for key in view.further if key not in view.without_all)]


def _all(keys: Iterable[str]) -> str:
    return " and ".join(f"{key} = 'all'" for key in keys)


def _periods(year: int) -> list[str]:
    months = [f"{year:04}-{month:02}" for month in range(1, 13)]
    return [*months, *(f"{year:04}Q{quarter}" for quarter in range(1, 5)), f"{year:04}"]


def _span(row: Mapping[str, Any]) -> UnitSpan:
    """A row of the unit register with its dates. Rows of earlier registers have none. The gap row has none either: its
    dates are those that the other rows leave.
    """
    gap = row["key"] == gap_row(row["county"], row["unit"]).key
    valid = (row["valid_from"] or date.min, row["valid_to"] or date.max)
    first, until = _NEVER if gap or not row["current"] else valid
    levels = ("division", "result_area", "service_area", "region")
    scopes = {"county": row["county"], "unit": row["unit"], **{level: row[level] or "-" for level in levels}}
    return UnitSpan(first, until, scopes)
