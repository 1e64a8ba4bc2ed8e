"""Reads the report of a quarter from schema `report`, in one consistent view of the database."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from deploy.report import changes, gaps, key_results, rows
from deploy.report.model import LANGUAGES, Hidden, Name, Report, State, Table
from deploy.report.periods import first_day, parse_quarter, previous
from deploy.report.published import Record, read_view
from deploy.report.rows import Names, Rows
from deploy.report.tables import SPECS, VIEWS
from shared.registers.calendar import local_day

if TYPE_CHECKING:
    import asyncpg


class QuarterError(ValueError):
    """The quarter is not one, or has not begun. The message is a sentence for people."""


class CountyUnknownError(ValueError):
    """Nothing is known of the county. The message is a sentence for people."""


def check_quarter(quarter: str, today: date) -> None:
    """Raises QuarterError where the text is not a quarter, or one that has not begun."""
    try:
        parse_quarter(quarter)
    except ValueError as error:
        raise QuarterError(str(error)) from None
    if first_day(quarter) > today:
        raise QuarterError(f"{quarter} has not begun")


async def read_report(connection: "asyncpg.Connection[asyncpg.Record]", county: str, quarter: str) -> Report:
    """The report of a quarter of a county, as this role may see it. A quarter without figures is a report of gaps.

    Raises QuarterError and CountyUnknownError.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        now = await connection.fetchval("select now()")
        check_quarter(quarter, local_day(now))
        await _check_county(connection, county)
        return await _read(connection, county, quarter)


async def known_counties(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """The counties that this role sees: of the register of units and of publications."""
    found = await connection.fetch(
        "select county from report.unit union select county from report.publication order by 1"
    )
    return [str(row["county"]) for row in found]


async def _check_county(connection: Any, county: str) -> None:
    if county not in (known := await known_counties(connection)):
        raise CountyUnknownError(f"There is no county {county}: there are {', '.join(known) or 'none'}")


async def _read(connection: Any, county: str, quarter: str) -> Report:
    before = previous(quarter)
    names = await _names(connection, county)
    found: Rows = {view: await read_view(connection, view, county, (quarter, before)) for view in VIEWS}
    publications = await connection.fetch("select * from report.publication where county = $1", county)
    objectives = await key_results.read(connection, county, quarter)
    tables = tuple(rows.build(spec, found, quarter, before, names) for spec in SPECS)
    of_quarter = [row for view in found.values() for row in view if row["period"] == quarter]
    return Report(
        county=county,
        county_name=rows.name_of(names, "county", county),
        quarter=quarter,
        previous=before,
        state=_state(of_quarter),
        edition=await changes.read_edition(connection, county, quarter),
        published_at=_published_at(of_quarter),
        objectives=objectives,
        tables=tables,
        restatements=await changes.read_restatements(
            connection, county, quarter, names, [result for one in objectives for result in one.key_results]
        ),
        hidden=tuple(_hidden(table) for table in tables),
        hidden_levels=_hidden_levels(publications, quarter),
        gaps=await gaps.find(connection, county, quarter, publications),
    )


_NAMES: Final = """
(select distinct on (key, code) key, code, name_fi, name_sv, name_en from report.name order by key, code, own desc)
union all
select 'unit', unit, name_fi, name_sv, name_en from report.unit where county = $1
"""


async def _names(connection: Any, county: str) -> Names:
    """Names of codes and units. A code without a name is absent, and so is a language without one."""
    found = await connection.fetch(_NAMES, county)
    return {
        (row["key"], row["code"]): Name(
            row["code"], {lang: row[f"name_{lang}"] for lang in LANGUAGES if row[f"name_{lang}"]}
        )
        for row in found
    }


def _state(published: Sequence[Record]) -> State:
    """A report is final when each of its figures is."""
    if not published:
        return "none"
    return "final" if all(row["state"] == "final" for row in published) else "provisional"


def _published_at(published: Sequence[Record]) -> datetime | None:
    """When the oldest of its figures was read: all are at least as new."""
    return min((row["published_at"] for row in published), default=None)


def _hidden(table: Table) -> Hidden:
    return Hidden(table.id, sum(row.hidden for row in table.rows), len(table.rows))


def _hidden_levels(publications: Sequence[Record], quarter: str) -> tuple[str, ...]:
    """What had to be hidden as a whole in the quarter, as the publisher names it."""
    return tuple(sorted(level for row in publications for level in row["hidden_levels"] if quarter in level))
