"""`hva export`: published figures as files that others read. docs/export.md describes the columns."""

import asyncio
import csv
import io
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.hva.context import CONNECT_TIMEOUT_S, QUERY_TIMEOUT_S, Dir, VerbError, plural, resolve
from deploy.hva.keys import quarter_days
from deploy.hva.output import print_bytes, print_text

if TYPE_CHECKING:
    import asyncpg

COLUMNS: Final = (
    *("county", "unit", "service_area", "period", "question", "n", "not_applicable", "c1", "c2", "c3", "c4", "c5"),
    *("promoters", "passives", "detractors", "suppressed"),
)
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")

_COUNTIES: Final = "select distinct county from report.unit order by county"
_PUBLISHED: Final = """
select county, published_at from report.publication
where family = 'nps' and year = $1 and published_at >= $2 and county = any($3) order by county
"""
# The unit's level `service_area` is `-` where the register leaves it empty, as the scope in every view.
_ROWS: Final = """
select row.county, row.unit, coalesce(nullif(unit.service_area, ''), '-') as service_area, row.period, row.question,
       row.n, row.not_applicable, row.c1, row.c2, row.c3, row.c4, row.c5, row.promoters, row.passives, row.detractors,
       row.suppressed
from (
  select county, scope as unit, period, question, n, not_applicable, c1, c2, c3, c4, c5, null::bigint as promoters,
         null::bigint as passives, null::bigint as detractors, suppressed
  from report.statement
  where county = any($1) and period = any($2) and scope_level = 'unit' and channel = 'all' and segment = 'all'
  union all
  select county, scope, period, 'recommend', n, null, null, null, null, null, null, promoters, passives, detractors,
         suppressed
  from report.nps
  where county = any($1) and period = any($2) and scope_level = 'unit' and channel = 'all' and segment = 'all'
) row
left join report.unit unit on (unit.county, unit.unit) = (row.county, row.unit)
order by row.county collate "C", row.unit collate "C", row.period collate "C", row.question collate "C"
"""


@dataclass(frozen=True, slots=True)
class Export:
    """The rows of a quarter, and what a reader of the file has to know."""

    rows: Sequence[Sequence[Any]]  # in the order of COLUMNS
    notes: Sequence[str]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Write published figures as files for others.", no_args_is_help=True)
    app.add_typer(group, name="export")

    @group.callback()
    def export() -> None:
        """Keep `thl` a subcommand although it is the only one."""

    @group.command()
    def thl(
        quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="For instance 2026Q1")],
        county: Annotated[str | None, typer.Option(metavar="C", help="Only this one (default: all)")] = None,
        out: Annotated[
            Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Output file (default: standard output)")
        ] = None,
        dir: Dir = None,
    ) -> None:
        """Write the national export: answers of a quarter by unit and question, as CSV.

        It has the months of the quarter and the quarter itself, from published figures only. The numbers of a hidden
        row are empty.
        """
        from shared.clock import system_clock

        days = _begun(quarter, system_clock())
        found = asyncio.run(_connect_and_read(resolve(dir).postgres_published, quarter, days, county))
        _write(as_csv(found.rows), out)
        for note in found.notes:
            print_text(note, err=True)
        if out is not None:
            print_text(f"Wrote {plural(len(found.rows), 'line')} and the header to {out}.")


def as_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    """Header and rows as RFC 4180 with CRLF, in UTF-8 without a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_field(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _field(value: Any) -> Any:
    """A value as it stands in the file. Spreadsheets would run a code such as `=1+1` as a formula, even in quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and len(value) > 1 and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _begun(quarter: str, now: datetime) -> tuple[date, date]:
    """First day of the quarter and of the next one. Raises BadParameter, also for one that has not begun."""
    from shared.registers.calendar import local_day

    days = quarter_days(quarter)
    if days[0] > local_day(now):
        raise typer.BadParameter(f"{quarter} has not begun")
    return days


async def _connect_and_read(dsn: str, quarter: str, days: tuple[date, date], county: str | None) -> Export:
    import asyncpg

    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=QUERY_TIMEOUT_S)
    try:
        return await read_export(connection, quarter, days, county)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.InsufficientPrivilegeError) as error:
        raise VerbError("This database has no published figures yet, or this role cannot read them.") from error
    finally:
        await connection.close()


async def read_export(
    connection: "asyncpg.Connection[asyncpg.Record]", quarter: str, days: tuple[date, date], county: str | None
) -> Export:
    """Read a quarter of one county or all, from one state of the database. `days`: its first day and the next one's.

    Raises BadParameter for an unknown county, and VerbError where nothing of the quarter is published.
    """
    from shared.registers.calendar import day_start

    async with connection.transaction(isolation="repeatable_read", readonly=True):
        counties = _chosen([row["county"] for row in await connection.fetch(_COUNTIES)], county)
        begin, end = map(day_start, days)
        publications = await connection.fetch(_PUBLISHED, days[0].year, begin, counties)
        published = {row["county"]: row["published_at"] for row in publications}
        if not published:
            raise VerbError(f"Nothing of {quarter} is published: run `hva publish --period {quarter}`.")
        rows = await connection.fetch(_ROWS, list(published), [*_months(days), quarter])
    provisional = [name for name, at in published.items() if at < end]
    return Export([tuple(row) for row in rows], list(_notes(quarter, counties, published, provisional, len(rows))))


def _chosen(counties: list[str], county: str | None) -> list[str]:
    if county is None:
        return counties
    if county not in counties:
        raise typer.BadParameter(f"there is no county {county}: there are {', '.join(counties) or 'none'}")
    return [county]


def _months(days: tuple[date, date]) -> list[str]:
    first = days[0]
    return [f"{first.year:04}-{first.month + month:02}" for month in range(3)]


def _notes(
    quarter: str, counties: Sequence[str], published: Container[str], provisional: Sequence[str], rows: int
) -> Iterator[str]:
    if missing := [county for county in counties if county not in published]:
        yield f"Nothing of {quarter} is published of {', '.join(missing)}: run `hva publish --period {quarter}`."
    if provisional:
        yield f"{quarter} of {', '.join(provisional)} was published before the quarter ended: it will change."
    if not rows:
        yield f"No unit has answers in {quarter}: the file has a header only."


def _write(content: bytes, out: Path | None) -> None:
    try:
        if out is None:
            print_bytes(content)
        else:
            out.write_bytes(content)
    except OSError as error:
        raise VerbError(f"The export could not be written: {error.strerror}.") from error
