"""Numbers of queries: which published column each is, and what it is where it is hidden or where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.grafana.theme import LONGER_WAIT, WAITS

Further = Mapping[str, Mapping[str, str]]
"""Keys that are not 'all', by the view of a source or by its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A number of a query. `row` is the alias of its published row, `name` that of its column in the result."""

    row: str
    view: str
    column: str
    name: str

    @property
    def drawn(self) -> str:
        """The number as a chart can draw it: an infinite wait is drawn beyond the longest finite one."""
        found = number(self.row, self.column)
        if self.column.startswith("wait_"):
            found = f"case when {found} > {WAITS[-1]} then {LONGER_WAIT} else {found} end"
        return f"{found} as {self.name}"


def source(text: str) -> Source:
    """A source out of view.column, or of name:view.column where one row of the view is not enough.

    view.part/whole is a share that is not published; its name is part_share.
    """
    name, _, found = text.rpartition(":")
    view, column = found.split(".")
    part, _, whole = column.partition("/")
    return Source(name or view, view, column, name or (f"{part}_share" if whole else part))


def sources(view: str, columns: str) -> tuple[str, ...]:
    """Sources of one view; `columns` are separated by spaces."""
    return tuple(f"{view}.{column}" for column in columns.split())


def number(row: str, column: str) -> str:
    """A number of a row; `part/whole` is the share of two columns."""
    part, _, whole = column.partition("/")
    return f"{row}.{part}::double precision / nullif({row}.{whole}, 0)" if whole else f"{row}.{part}"


def shown(row: str, column: str) -> str:
    """A number for people: NULL where it is hidden, NaN where there is none."""
    return f"case when {row}.suppressed then null else coalesce({number(row, column)}::double precision, 'NaN') end"


def complete_sum(part: str) -> str:
    """The sum of a column of rows that have a column `hidden`; NULL where any of them is hidden."""
    return f"case when not bool_or(hidden) then sum({part}) end"
