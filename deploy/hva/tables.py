"""Prints rows of a view as a table.

A title line holds the keys that are equal in all rows (county, period, state, ...). A view wider than the terminal is
printed vertically: a line for each figure, a column for each row. Without a terminal every row is one line.
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

_MAX_HEADER_WIDTH = 8  # characters; a longer header is broken at an underscore
_MIN_KEY_WIDTH = 16  # characters; longer keys are wrapped when needed
_GAP = 2  # between columns
_NO_BREAK = "\u00a0"
_UNLIMITED = 100_000  # characters, without a terminal
_SCREEN_ROWS = 40  # with more rows, a hint is printed


@dataclass(frozen=True, slots=True)
class Layout:
    """The title, key columns and figure columns of a table."""

    title: str
    keys: list[str]  # those that differ between rows
    figures: list[str]


def layout(view: str, rows: Sequence[Row], chosen: Sequence[str] = ()) -> Layout:
    """The layout of one or more rows, with all figures or the chosen columns. Raises BadParameter."""
    columns = list(rows[0])
    if unknown := [name for name in chosen if name not in columns]:
        raise typer.BadParameter(f"{view} has no column {', '.join(unknown)}: it has {', '.join(columns)}")
    other_columns = [name for name in columns if name not in VIEWS[view]]
    constant = [name for name in other_columns if name not in chosen and len({row[name] for row in rows}) == 1]
    hidden = _implied(rows) - set(chosen)
    title = ", ".join(escape(f"{name} {formatted(name, rows[0][name])}") for name in constant if name not in hidden)
    keys = [name for name in other_columns if name not in constant and name not in hidden]
    figures = [name for name in chosen or columns if name in VIEWS[view]]
    return Layout(f"{view}: {title}" if title else view, keys, figures)


def _implied(rows: Sequence[Row]) -> set[str]:
    """Columns whose value follows from another column."""
    county_level = all(row["scope"] == row["county"] for row in rows)
    return {"period_kind", "scope"} if county_level else {"period_kind"}


def print_rows(view: str, rows: Sequence[Row], chosen: Sequence[str] = ()) -> None:
    """Print the rows. Raises BadParameter for a chosen column that the view lacks."""
    if not rows:
        print_text(f"No rows in {view} for these keys.")
        return
    columns, console = layout(view, rows, chosen), _console()
    print_text(*_wrapped(columns.title, console.width))
    for number, table in enumerate(_tables(console, columns, rows)):
        if number:
            print_text()
        console.print(table)
    if console.is_terminal and len(rows) > _SCREEN_ROWS:
        print_text(f"{len(rows)} rows. Narrow them with --county, --period, --scope-level, --scope, --channel, ...")


def _wrapped(title: str, width: int) -> list[str]:
    """The title, wrapped between values."""
    lines = wrap(title.replace(" ", _NO_BREAK).replace(f",{_NO_BREAK}", ", "), width)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _console() -> "Console":
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_UNLIMITED)


def _tables(console: "Console", columns: Layout, rows: Sequence[Row]) -> "list[Table]":
    from rich.measure import Measurement

    table = _horizontal(columns, rows, fold=console.is_terminal)
    if not console.is_terminal:
        return [table]
    excess = Measurement.get(console, console.options.update(max_width=_UNLIMITED), table).maximum - console.width
    longest = [max(len(formatted(key, row[key])) for row in rows) for key in columns.keys]
    if excess <= sum(max(0, length - _MIN_KEY_WIDTH) for length in longest) or not columns.figures:
        return [table]
    return _vertical(columns, rows, console.width)


def _horizontal(columns: Layout, rows: Sequence[Row], *, fold: bool) -> "Table":
    table = _table()
    for name in (*columns.keys, *columns.figures):
        figure = name in columns.figures
        header = _text(*(_folded(name) if fold else [name]))
        table.add_column(
            header, justify="right" if figure else "left", no_wrap=figure, overflow="fold", vertical="bottom"
        )
    for row in rows:
        table.add_row(*(_text(formatted(name, row[name])) for name in (*columns.keys, *columns.figures)))
    return table


def _vertical(columns: Layout, rows: Sequence[Row], width: int) -> "list[Table]":
    """Tables with a line for each figure and as many rows side by side as fit."""
    free = width - max(map(len, columns.figures))
    per_table = min(len(rows), max(1, free // (_MIN_KEY_WIDTH + _GAP)))
    tables = []
    for start in range(0, len(rows), per_table):
        part = rows[start : start + per_table]
        table = _table(show_header=bool(columns.keys))
        table.add_column(_text(", ".join(columns.keys)), no_wrap=True)
        for row in part:
            head = _text(", ".join(formatted(key, row[key]) for key in columns.keys))
            table.add_column(head, justify="right", overflow="fold", max_width=max(1, free // per_table - _GAP))
        for name in columns.figures:
            table.add_row(_text(name), *(_text(formatted(name, row[name])) for row in part))
        tables.append(table)
    return tables


def _table(*, show_header: bool = True) -> "Table":
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, pad_edge=False, show_header=show_header)


def _text(*lines: str) -> Any:
    """The lines of a cell as plain text, not as markup."""
    from rich.text import Text

    return Text("\n".join(map(escape, lines)))


def _folded(name: str) -> list[str]:
    """The name, broken at underscores."""
    lines = [""]
    for part in name.replace("_", "_ ").split(" "):
        if lines[-1] and len(lines[-1] + part) > _MAX_HEADER_WIDTH:
            lines.append("")
        lines[-1] += part
    return lines
