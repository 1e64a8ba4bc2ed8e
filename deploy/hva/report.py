"""`hva report`: the report of a quarter as a page, Markdown, CSV and JSON."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.hva.context import CONNECT_TIMEOUT_S, QUERY_TIMEOUT_S, Dir, VerbError, display_path, resolve
from deploy.hva.names import Lang
from deploy.hva.output import print_text

if TYPE_CHECKING:
    import asyncpg

    from deploy.report import Report


def register(app: typer.Typer) -> None:
    @app.command()
    def report(
        quarter: Annotated[str, typer.Argument(metavar="QUARTER", help="For instance 2026Q1")],
        county: Annotated[str | None, typer.Option(help="Needed where there are several")] = None,
        lang: Annotated[Lang, typer.Option(help="Language of the report")] = Lang.FI,
        out: Annotated[Path, typer.Option(metavar="D", help="Folder for the files", file_okay=False)] = Path(),
        dir: Dir = None,
    ) -> None:
        """Write the report of a quarter, from published figures, as HTML, Markdown, CSV and JSON."""
        _check(quarter)
        connection = resolve(dir)
        found = asyncio.run(read(connection.postgres_reader or connection.postgres_steward, county, quarter))
        print_text(*(f"wrote {display_path(path)}" for path in write(found, lang, out)))


def write(report: "Report", lang: Lang, folder: Path) -> list[Path]:
    """Write the four files of a report. Raises VerbError where the folder cannot be written."""
    from deploy.report import render_csv, render_html, render_json, render_markdown

    renderers = {"html": render_html, "md": render_markdown, "csv": render_csv, "json": render_json}
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, render in renderers.items():
            path = folder / f"report-{report.county}-{report.quarter}-{lang}.{suffix}"
            path.write_text(render(report, lang.value), encoding="utf-8", newline="")
            paths.append(path)
    except ModuleNotFoundError as error:
        raise VerbError(f"Package {error.name} is missing: install hva-metrics with its extra `report`.") from None
    except OSError as error:
        raise VerbError(f"{display_path(folder)} cannot be written: {error.strerror}.") from None
    return paths


def _check(quarter: str) -> None:
    from deploy.report import QuarterError, check_quarter
    from shared.clock import system_clock
    from shared.registers.calendar import local_day

    try:
        check_quarter(quarter, local_day(system_clock()))
    except QuarterError as error:
        raise typer.BadParameter(str(error)) from None


async def read(dsn: str, county: str | None, quarter: str) -> "Report":
    """The report of a county, or of the only one there is. Raises VerbError."""
    import asyncpg

    from deploy.report import CountyUnknownError, QuarterError, read_report

    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=QUERY_TIMEOUT_S)
    try:
        return await read_report(connection, county or await _only_county(connection), quarter)
    except (CountyUnknownError, QuarterError) as error:
        raise VerbError(f"{error}.") from None
    finally:
        await connection.close()


async def _only_county(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    from deploy.report.content import known_counties

    counties = await known_counties(connection)
    if len(counties) != 1:
        raise VerbError(f"Name one county with --county: {', '.join(counties) or 'there is none yet'}.")
    return counties[0]
