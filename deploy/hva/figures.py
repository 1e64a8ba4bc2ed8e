"""`hva figures`: the rows of one view, for people, scripts and spreadsheets."""

import asyncio
import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from deploy.hva import key_result_rows
from deploy.hva.context import Dir, VerbError, plural, resolve
from deploy.hva.keys import KEYS, check, parse_pairs
from deploy.hva.names import Lang, named, unit_names
from deploy.hva.output import print_data, print_text
from deploy.hva.tables import print_rows


def register(app: typer.Typer) -> None:
    @app.command()
    def figures(
        view: Annotated[str, typer.Argument(help="nps, statement, pei, response, response_rate, ..., key_result")],
        county: Annotated[str | None, typer.Option(help="For instance oma-hame")] = None,
        period: Annotated[str | None, typer.Option(help="2026-03-31, 2026-03, 2026Q1 or 2026")] = None,
        scope_level: Annotated[str | None, typer.Option(help="county, division, ..., unit, line")] = None,
        scope: Annotated[str | None, typer.Option(help="A code of the level")] = None,
        channel: Annotated[str | None, typer.Option(help="all, or one of them")] = None,
        segment: Annotated[str | None, typer.Option(help="all, multidisciplinary, other or unknown")] = None,
        where: Annotated[list[str] | None, typer.Option("--where", metavar="KEY=VALUE", help="A further key")] = None,
        exact: Annotated[bool, typer.Option("--exact", help="The live figures, before disclosure control")] = False,
        as_of: Annotated[
            str | None, typer.Option(help="As of this time, local if without an offset (exact only)")
        ] = None,
        columns: Annotated[
            str | None, typer.Option(metavar="NAME,...", help="Print only these columns of the table")
        ] = None,
        codes: Annotated[bool, typer.Option("--codes", help="Print codes of units, not their names")] = False,
        lang: Annotated[Lang, typer.Option(help="Language of names")] = Lang.FI,
        csv: Annotated[bool, typer.Option("--csv", help="Print CSV: every column, codes, all digits")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print JSON: every column, codes, all digits")] = False,
        dir: Dir = None,
    ) -> None:
        """Print a view of the published figures, or with --exact of the live ones.

        Text shows shares as per cent and waits as minutes. What is the same in all rows is in the title.
        """
        keys = dict(zip(KEYS, (county, None, period, scope_level, scope, channel, segment), strict=True))
        wanted = {key: value for key, value in keys.items() if value is not None} | parse_pairs(where or [])
        if of_key_results := view == key_result_rows.VIEW:
            key_result_rows.check(wanted, exact=exact)
        else:
            check(view, wanted, other_views=(key_result_rows.VIEW,))
        chosen = _check_table_options(columns, csv or json or of_key_results)
        if as_of is not None and not exact:
            raise typer.BadParameter("--as-of is for --exact: published figures are those of their published_at")
        dsn, schema = resolve(dir).postgres_steward, "figures" if exact else "report"
        rows = asyncio.run(read(dsn, schema, view, wanted, instant(as_of)))
        if json:
            _print_json([key_result_rows.as_data(row) for row in rows] if of_key_results else rows)
        elif csv:
            write_csv(rows)
        elif of_key_results:
            key_result_rows.print_table(rows, lang)
        else:
            shown = [_with_hidden(view, row) for row in rows]
            print_rows(view, shown if codes else named(shown, asyncio.run(unit_names(dsn, lang))), chosen)
            _print_notes(rows, exact)


def instant(text: str | None) -> datetime | None:
    """A time as people write it; without an offset it is Finnish time. Raises BadParameter."""
    from shared.registers.calendar import HELSINKI

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is not a time: write 2026-07-01T00:00:00+03:00") from error
    return found if found.tzinfo else found.replace(tzinfo=HELSINKI)


async def read(
    dsn: str, schema: str, view: str, wanted: Mapping[str, str], as_of: datetime | None = None
) -> list[dict[str, Any]]:
    """The rows of a view with these keys, ordered by them. Raises BadParameter where the view has no such key, and
    VerbError where the view does not exist or cannot be read.
    """
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        names = await _columns(connection, schema, view)
        if not names:
            raise VerbError(f"This database does not have view {view} yet, or this role cannot read it.")
        # Only names that the catalogue of the database gave reach the statement.
        if unknown := sorted(set(wanted) - set(names)):
            raise typer.BadParameter(f"{view} has no key {', '.join(unknown)}: it has {', '.join(names)}")
        if as_of is not None:
            await connection.execute("select set_config('hva.as_of', $1, false)", as_of.isoformat())
        conditions = " and ".join(f"{key}::text = ${i}" for i, key in enumerate(wanted, 1)) or "true"
        order = ", ".join(str(i) for i, _ in enumerate(names, 1))
        rows = await connection.fetch(
            f"select * from {schema}.{view} where {conditions} order by {order}", *wanted.values()
        )
        return [dict(row) for row in rows]
    finally:
        await connection.close()


async def _columns(connection: Any, schema: str, view: str) -> list[str]:
    rows = await connection.fetch(
        "select column_name from information_schema.columns where table_schema = $1 and table_name = $2 "
        "order by ordinal_position",
        schema,
        view,
    )
    return [str(row["column_name"]) for row in rows]


def _with_hidden(view: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for people: a mark in place of each hidden figure."""
    from shared.registers.figures import VIEWS

    hidden = row.get("suppressed", False)
    kept = {name: value for name, value in row.items() if name != "suppressed"}
    return {name: "hidden" if hidden and name in VIEWS[view] else value for name, value in kept.items()}


def _print_notes(rows: Sequence[Mapping[str, Any]], exact: bool) -> None:
    if hidden := sum(bool(row.get("suppressed")) for row in rows):
        print_text(f"{plural(hidden, 'row')} hidden: fewer than 5, or hidden to protect another.")
    if not rows and not exact:
        print_text("`hva publish` publishes figures that are missing here; `--exact` shows the live ones.")


def _check_table_options(columns: str | None, as_data: bool) -> list[str]:
    """The chosen columns. Raises BadParameter where they would change what programs read."""
    if columns is not None and as_data:
        raise typer.BadParameter("--columns is for the table of a view: --csv, --json and key_result have every column")
    return [name.strip() for name in columns.split(",") if name.strip()] if columns else []


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it: infinity as text."""
    return {key: "Infinity" if value == float("inf") else value for key, value in row.items()}


def _print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    import orjson

    print_data(orjson.dumps([plain(row) for row in rows]).decode())


def write_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Header and rows to standard output; an empty cell is no value."""
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
