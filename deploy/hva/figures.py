"""`hva figures`: the rows of one view, for people, scripts and spreadsheets."""

import asyncio
import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from deploy.hva.context import AsJson, Dir, NotSoError, resolve
from deploy.hva.keys import KEYS, check, further

Filter = Annotated[str | None, typer.Option()]


def register(app: typer.Typer) -> None:
    @app.command()
    def figures(
        view: Annotated[str, typer.Argument(help="nps, statement, pei, response, response_rate, direct_feedback, ...")],
        county: Filter = None,
        period: Filter = None,
        scope_level: Filter = None,
        scope: Filter = None,
        channel: Filter = None,
        segment: Filter = None,
        where: Annotated[list[str] | None, typer.Option("--where", metavar="KEY=VALUE", help="A further key")] = None,
        exact: Annotated[bool, typer.Option("--exact", help="The live figures, before disclosure control")] = False,
        as_of: Annotated[
            str | None, typer.Option(help="As of this time, local if without an offset (exact only)")
        ] = None,
        csv: Annotated[bool, typer.Option("--csv", help="Print CSV")] = False,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """Print a view of the published figures, or with --exact of the live ones."""
        keys = dict(zip(KEYS, (county, None, period, scope_level, scope, channel, segment), strict=True))
        wanted = {key: value for key, value in keys.items() if value is not None} | further(where or [])
        check(view, wanted)
        rows = asyncio.run(
            read(resolve(dir).postgres_steward, "figures" if exact else "report", view, wanted, instant(as_of))
        )
        _print(view, rows, csv=csv, json=json)


def instant(text: str | None) -> datetime | None:
    """A time as people write it; without an offset it is Finnish time. Raises BadParameter."""
    from shared.registers.calendar import HELSINKI

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no time: write 2026-07-01T00:00:00+03:00") from error
    return found if found.tzinfo else found.replace(tzinfo=HELSINKI)


async def read(
    dsn: str, schema: str, view: str, wanted: Mapping[str, str], as_of: datetime | None = None
) -> list[dict[str, Any]]:
    """The rows of a view with these keys, ordered by them. Raises BadParameter where the view has no such key, and
    NotSoError where nothing is published.
    """
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        names = await _columns(connection, schema, view)
        # Only names that the catalogue of the database gave reach the statement.
        known = names or await _columns(connection, "figures", view)
        if known and (unknown := sorted(set(wanted) - set(known))):
            raise typer.BadParameter(f"{view} has no key {', '.join(unknown)}: it has {', '.join(known)}")
        if not names:
            raise NotSoError(_missing(schema, view))
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


def _missing(schema: str, view: str) -> str:
    if schema == "report":
        return f"Nothing is published under {view}: the live figures are at `hva figures {view} --exact`."
    return f"There is no view {view} in this database yet."


def _print(view: str, rows: Sequence[Mapping[str, Any]], *, csv: bool, json: bool) -> None:
    if json:
        import orjson

        print(orjson.dumps([plain(row) for row in rows]).decode())
    elif csv:
        write_csv(rows)
    else:
        _print_table(view, rows)


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it: infinity as text."""
    return {key: "Infinity" if value == float("inf") else value for key, value in row.items()}


def write_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Header and rows to standard output; an empty cell is no value."""
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _print_table(view: str, rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        print(f"No rows in {view} for these keys.")
        return
    table = Table(title=view)
    for name in rows[0]:
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*(shown(value) for value in row.values()))
    console = Console()
    # Off a terminal a table is not squeezed into 80 columns.
    (console if console.is_terminal else Console(width=400)).print(table)


def shown(value: object) -> str:
    """A value for people: two to four decimals, a dash for no value."""
    match value:
        case None:
            return "–"
        case float():
            return f"{value:.4g}" if abs(value) < 1 else f"{value:.2f}"
        case date():
            return value.isoformat()
        case _:
            return str(value)
