"""Rows of `report.key_result` for `hva figures key_result`: which keys choose them, and how they are printed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import typer

from deploy.hva.formats import formatted
from deploy.hva.keys import PERIODS, period_days
from deploy.hva.names import Lang
from deploy.hva.output import escape, print_text

VIEW: Final = "key_result"
KEYS: Final = ("county", "period_kind", "period", "id", "objective")
_COLUMNS: Final = (
    *("county", "period", "id", "name", "baseline", "target", "actual", "change", "change %", "progress", "met"),
    *("coverage", "status", "state"),
)
_NUMBERS: Final = frozenset(_COLUMNS[4:10])


def check(wanted: Mapping[str, str], *, exact: bool) -> None:
    """Raises BadParameter for keys that key results do not have. There are no exact ones: they are published only."""
    if exact:
        raise typer.BadParameter("key_result has no exact figures: it compares what is published")
    if unknown := sorted(set(wanted) - set(KEYS)):
        raise typer.BadParameter(f"{VIEW} has no key {', '.join(unknown)}: it has {', '.join(KEYS)}")
    if "period" in wanted:
        period_days(wanted["period"])
    if wanted.get("period_kind", "quarter") not in (kinds := [kind for _, kind in PERIODS]):
        raise typer.BadParameter(f"period_kind {wanted['period_kind']} is not one of {', '.join(kinds)}")


def as_data(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its scope as an object."""
    return {**row, "scope": orjson.loads(row["scope"])}


def print_table(rows: Sequence[Mapping[str, Any]], lang: Lang) -> None:
    """Print the rows in the order of the register, with names where the register has them."""
    if not rows:
        print_text("No key results for these keys: a row is there for each quarter and year that has begun.")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", overflow="fold")
    for row in sorted(rows, key=lambda row: (row["county"], row["period"], row["position"])):
        table.add_row(*(Text(escape(cell)) for cell in _cells(row, lang)))
    console = Console()
    (console if console.is_terminal else Console(width=100_000)).print(table)
    if any(row["suppressed"] for row in rows):
        print_text("hidden: the published row is hidden under disclosure control.")


def _cells(row: Mapping[str, Any], lang: Lang) -> list[str]:
    column = row["metric"].split(".")[1]
    values = [formatted(column, _whole(row[name])) for name in ("baseline", "target")]
    actual = "hidden" if row["suppressed"] else formatted(column, _whole(row["actual"]))
    changes = [_signed(row["change_points"]), _signed(row["change_relative"], " %")]
    progress, coverage = (formatted("share", row[name]) for name in ("progress", "coverage"))
    status = f"{row['status']} ({row['status_by']})" if row["status"] else "–"
    head = [row["county"], row["period"], row["id"], row[f"name_{lang}"]]
    return [*head, *values, actual, *changes, progress, formatted("met", row["met"]), coverage, status, row["state"]]


def _whole(value: float | None) -> float | int | None:
    """Counts without decimals."""
    return int(value) if value is not None and value.is_integer() else value


def _signed(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:+.2f}{unit}"
