"""Rows of a view as a table for people.

What is the same in all rows (county, period, state, ...) is in a title line. A view that is wider than the terminal is
printed vertically: a line for each figure, a column for each row. Off a terminal every row stays on one line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import typer

from deploy.hva.formats import formatted
from deploy.hva.output import escape, print_text
from shared.registers.figures import VIEWS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Row = Mapping[str, Any]

_HEADER = 8  # characters of a header before it goes on at the next underscore
_NARROW = 16  # characters that a key needs at least; a longer name is wrapped
_GAP = 2  # between columns
_NO_BREAK = "\u00a0"
_UNLIMITED = 100_000  # columns, off a terminal
_MANY = 40  # rows that fit on a screen


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns of a view go where."""

    title: str
    keys: list[str]  # they tell the rows apart
    figures: list[str]


def layout(view: str, rows: Sequence[Row], chosen: Sequence[str] = ()) -> Layout:
    """The layout of at least one row, with all figures or the chosen columns. Raises BadParameter."""
    columns = list(rows[0])
    if unknown := [name for name in chosen if name not in columns]:
        raise typer.BadParameter(f"{view} has no column {', '.join(unknown)}: it has {', '.join(columns)}")
    others = [name for name in columns if name not in VIEWS[view]]
    same = [name for name in others if name not in chosen and len({row[name] for row in rows}) == 1]
    hidden = _implied(rows) - set(chosen)
    title = ", ".join(escape(f"{name} {formatted(name, rows[0][name])}") for name in same if name not in hidden)
    keys = [name for name in others if name not in same and name not in hidden]
    figures = [name for name in chosen or columns if name in VIEWS[view]]
    return Layout(f"{view}: {title}" if title else view, keys, figures)


def _implied(rows: Sequence[Row]) -> set[str]:
    """Columns that say again what another one says."""
    county_level = all(row["scope"] == row["county"] for row in rows)
    return {"period_kind", "scope"} if county_level else {"period_kind"}


def print_rows(view: str, rows: Sequence[Row], chosen: Sequence[str] = ()) -> None:
    """Print the rows to standard output. Raises BadParameter for a chosen column that the view lacks."""
    if not rows:
        print_text(f"No rows in {view} for these keys.")
        return
    found, console = layout(view, rows, chosen), _console()
    print_text(*_wrapped(found.title, console.width))
    for number, table in enumerate(_tables(console, found, rows)):
        if number:
            print_text()
        console.print(table)
    if console.is_terminal and len(rows) > _MANY:
        print_text(f"{len(rows)} rows. Narrow them with --county, --period, --scope-level, --scope, --channel, ...")


def _wrapped(title: str, width: int) -> list[str]:
    """The title in lines that end after a value."""
    lines = wrap(title.replace(" ", _NO_BREAK).replace(f",{_NO_BREAK}", ", "), width)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _console() -> "Console":
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_UNLIMITED)


def _tables(console: "Console", found: Layout, rows: Sequence[Row]) -> "list[Table]":
    from rich.measure import Measurement

    table = _horizontal(found, rows, fold=console.is_terminal)
    if not console.is_terminal:
        return [table]
    excess = Measurement.get(console, console.options.update(max_width=_UNLIMITED), table).maximum - console.width
    longest = [max(len(formatted(key, row[key])) for row in rows) for key in found.keys]
    if excess <= sum(max(0, length - _NARROW) for length in longest) or not found.figures:
        return [table]
    return _vertical(found, rows, console.width)


def _horizontal(found: Layout, rows: Sequence[Row], *, fold: bool) -> "Table":
    table = _table()
    for name in (*found.keys, *found.figures):
        figure = name in found.figures
        header = _text(*(_folded(name) if fold else [name]))
        table.add_column(
            header, justify="right" if figure else "left", no_wrap=figure, overflow="fold", vertical="bottom"
        )
    for row in rows:
        table.add_row(*(_text(formatted(name, row[name])) for name in (*found.keys, *found.figures)))
    return table


def _vertical(found: Layout, rows: Sequence[Row], width: int) -> "list[Table]":
    """Tables beside whose figures stand as many rows as fit into the width."""
    free = width - max(map(len, found.figures))
    at_once = min(len(rows), max(1, free // (_NARROW + _GAP)))
    tables = []
    for start in range(0, len(rows), at_once):
        few = rows[start : start + at_once]
        table = _table(show_header=bool(found.keys))
        table.add_column(_text(", ".join(found.keys)), no_wrap=True)
        for row in few:
            head = _text(", ".join(formatted(key, row[key]) for key in found.keys))
            table.add_column(head, justify="right", overflow="fold", max_width=max(1, free // at_once - _GAP))
        for name in found.figures:
            table.add_row(_text(name), *(_text(formatted(name, row[name])) for row in few))
        tables.append(table)
    return tables


def _table(*, show_header: bool = True) -> "Table":
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, show_header=show_header)


def _text(*lines: str) -> Any:
    """Lines of a cell: nothing in them is markup."""
    from rich.text import Text

    return Text("\n".join(map(escape, lines)))


def _folded(name: str) -> list[str]:
    """The name in lines that end at underscores."""
    lines = [""]
    for part in name.replace("_", "_ ").split(" "):
        if lines[-1] and len(lines[-1] + part) > _HEADER:
            lines.append("")
        lines[-1] += part
    return lines
