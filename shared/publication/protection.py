"""Applies disclosure control to the rows of a publication."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.disclosure.model import VIEWS, Cell, population
from shared.disclosure.nesting import UnitSpan
from shared.disclosure.protect import cell_of, protect
from shared.disclosure.star import is_published

FAMILIES: Final = ("nps", "fcr", "segments")
Row = Mapping[str, Any]
KEYS: Final = ("county", "period_kind", "period", "scope_level", "scope", "channel", "segment")
_LEFT: Final = frozenset({*KEYS, "state"})


@dataclass(frozen=True, slots=True)
class Protected:
    """The exact rows of a publication, those of them that are hidden, and what had to be hidden as a whole."""

    cells: Mapping[Cell, Row]
    hidden: Collection[Cell]
    hidden_levels: Sequence[str]

    def rows(self, view: str) -> Iterator[Row]:
        """The rows of a view as people may see them, sorted by key. Hidden ones have no numbers.

        They are made one by one: copies of all would take more memory than the rows themselves.
        """
        for cell in sorted(cell for cell in self.cells if cell[0] == view):
            row, hidden = self.cells[cell], cell in self.hidden
            low_n = not hidden and population(cell, row) < cell.view.low_n
            shown = _without_numbers(row, cell.view.further) if hidden else row
            yield {**shown, "suppressed": hidden, "low_n": low_n}


def views_of(family: str) -> list[str]:
    """The views that a family publishes."""
    return [view.name for view in VIEWS.values() if view.family == family]


def keys_of(view: str) -> tuple[str, ...]:
    """The keys of a view: those of every view, and its own."""
    return (*KEYS, *VIEWS[view].further)


def published(view: str, rows: Iterable[Row]) -> Iterator[tuple[Cell, Row]]:
    """The rows of the star, with their cells."""
    for row in rows:
        cell = cell_of(view, row)
        if is_published(cell):
            yield cell, row


def protected(cells: Mapping[Cell, Row], spans: Sequence[UnitSpan], sensitive: Collection[str]) -> Protected:
    """The rows of a publication as people may see them."""
    found = protect(cells, spans, sensitive)
    return Protected(cells, found.hidden, sorted(" ".join(level) for level in found.gave_up))


def _without_numbers(row: Row, further: Collection[str]) -> Row:
    return {name: value if name in _LEFT or name in further else None for name, value in row.items()}
