"""`hva restatements`: what changed in closed periods, and the facts behind it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deploy.hva.context import AsJson, Dir, plural, resolve
from deploy.hva.explain import complete
from deploy.hva.formats import formatted
from deploy.hva.keys import parse_pairs, period_days
from deploy.hva.output import print_data, print_text

if TYPE_CHECKING:
    from deploy.hva.restated_facts import RestatedFact

_RESTATEMENTS: Final = """
select county, period_kind, period, edition, view, keys::text as keys, column_name, old_value, new_value,
       old_suppressed, new_suppressed, first_seen, causes
from report.restatement
where ($1::text is null or period = $1) and ($2::text is null or county = $2)
order by county, period, view, keys, column_name
"""
_BOOLEAN: Final = "met"  # stored as 1 or 0
_NOT_ADDED: Final = "changes only counts of clients"
_ORDER: Final = ("scope_level", "scope", "channel", "segment")


def register(app: typer.Typer) -> None:
    @app.command()
    def restatements(
        period: Annotated[str | None, typer.Argument(metavar="[PERIOD]", help="Only this one [default: all]")] = None,
        keys: Annotated[
            list[str] | None, typer.Argument(metavar="[KEY=VALUE...]", help="With --exact: county=... [scope=...]")
        ] = None,
        exact: Annotated[
            str | None, typer.Option(metavar="VIEW", help="The facts that changed in one cell of this view")
        ] = None,
        county: Annotated[str | None, typer.Option(help="Only this one")] = None,
        limit: Annotated[int, typer.Option(min=1, help="Lines to print at most")] = 200,
        json: AsJson = False,
        dir: Dir = None,
    ) -> None:
        """List the published values that differ from those of the newest edition of their period.

        With --exact, list the facts that changed since the edition, each with its cause, its event and what it counts.
        """
        if period is not None:
            period_days(period)
        if exact is None:
            if keys:
                raise typer.BadParameter("KEY=VALUE is for --exact VIEW")
            _print(asyncio.run(_read(resolve(dir).postgres_steward, period, county)), limit, json)
            return
        if period is None:
            raise typer.BadParameter("--exact needs a period")
        wanted = {"period": period, **({"county": county} if county else {}), **parse_pairs(keys or [])}
        cell = _cell(exact, wanted)
        facts = asyncio.run(_read_exact(resolve(dir).postgres_steward, exact, cell))
        _print_exact(facts, exact, cell, limit, json)


def _cell(view: str, keys: Mapping[str, str]) -> dict[str, str]:
    """All keys of one cell. Raises BadParameter."""
    from shared.disclosure.model import VIEWS
    from shared.registers.figures import CLOSED_VALUES

    cell = complete(view, keys)
    for key in VIEWS[view].without_all:
        if cell.get(key, "all") == "all":
            values = ", ".join(CLOSED_VALUES[view].get(key, ()))
            raise typer.BadParameter(f"{key} must be given{f', one of {values}' if values else ''}")
    return cell


async def _read(dsn: str, period: str | None, county: str | None) -> list[dict[str, Any]]:
    import asyncpg
    import orjson

    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_RESTATEMENTS, period, county)
    finally:
        await connection.close()
    return [{**row, "keys": orjson.loads(row["keys"])} for row in rows]


async def _read_exact(dsn: str, view: str, wanted: Mapping[str, str]) -> "list[RestatedFact]":
    import asyncpg

    from deploy.hva.restated_facts import restated_facts

    connection = await asyncpg.connect(dsn)
    try:
        return await restated_facts(connection, view, wanted)
    finally:
        await connection.close()


def _print(rows: Sequence[Mapping[str, Any]], limit: int, as_json: bool) -> None:
    if as_json:
        import orjson

        print_data(orjson.dumps([{**row, **_finite(row)} for row in rows]).decode())
        return
    if not rows:
        print_text("Nothing that is published differs from an edition.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("county", "period", "edition", "view", "keys", "column", "old", "new", "causes", "since"):
        table.add_column(name, justify="right" if name in ("old", "new") else "left", overflow="fold")
    for row in rows[:limit]:
        table.add_row(*map(_plain, _cells(row)))
    console = Console()
    (console if console.is_terminal else Console(width=100_000)).print(table)
    if len(rows) > limit:
        print_text(f"... and {len(rows) - limit} more (--limit, --json)")


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "Infinity" for name in ("old_value", "new_value") if row[name] == float("inf")}


def _cells(row: Mapping[str, Any]) -> list[str]:
    keys: dict[str, Any] = row["keys"]
    order = [name for name in _ORDER if name in keys] + sorted(keys.keys() - set(_ORDER))
    shown = [str(keys[name]) if name in _ORDER[:2] else f"{name} {keys[name]}" for name in order if keys[name] != "all"]
    values = [
        "hidden" if row[f"{side}_suppressed"] else formatted(row["column_name"], _value(row, side))
        for side in ("old", "new")
    ]
    causes, since = ", ".join(row["causes"]) or "–", f"{row['first_seen']:%Y-%m-%d}"
    head = [row["county"], row["period"], str(row["edition"]), row["view"], " ".join(shown), row["column_name"]]
    return [*head, *values, causes, since]


def _value(row: Mapping[str, Any], side: str) -> float | int | bool | None:
    value: float | None = row[f"{side}_value"]
    if value is not None and row["column_name"] == _BOOLEAN:
        return bool(value)
    return int(value) if value is not None and value.is_integer() else value


def _plain(text: str) -> Any:
    from rich.text import Text

    from deploy.hva.output import escape

    return Text(escape(text))


def _print_exact(
    facts: "Sequence[RestatedFact]", view: str, wanted: Mapping[str, str], limit: int, as_json: bool
) -> None:
    from deploy.hva.restated_facts import not_additive, totals

    clients = not_additive(view, wanted)
    if as_json:
        import orjson

        data = {"facts": facts, "differences": totals(facts), "not_additive": clients}
        print_data(orjson.dumps(data).decode())
        return
    print_text(f"{plural(len(facts), 'change')} of facts since the edition:")
    for fact in facts[:limit]:
        counts = ", ".join(f"{column} {fact.before[column]} -> {after}" for column, after in fact.after.items())
        event = (
            f"event {fact.event_id} of {fact.event_source}, {fact.event_time:%Y-%m-%d %H:%M:%S} UTC"
            if fact.event_time
            else "no event"
        )
        print_text(f"  {fact.cause:10}  {fact.kind} {fact.id}  {counts or _NOT_ADDED}  <- {event}")
    if len(facts) > limit:
        print_text(f"... and {len(facts) - limit} more (--limit, --json)")
    if differences := totals(facts):
        print_text("Change of the exact counts: " + ", ".join(f"{c} {d:+}" for c, d in differences.items()))
    if clients:
        print_text(f"Do not add up over facts, because each client counts once: {', '.join(clients)}.")
