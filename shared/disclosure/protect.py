"""One publication made safe: what is hidden of the rows of a county and year."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.disclosure.audit import follows
from shared.disclosure.equations import equations
from shared.disclosure.hide import Suppression, worth
from shared.disclosure.model import K_SENSITIVE, VIEWS, Cell
from shared.disclosure.nesting import UnitSpan, groups
from shared.disclosure.periods import days_of

MAX_ROUNDS: Final = 40
"""Rounds of attack and repair before whole levels are hidden."""


@dataclass(frozen=True, slots=True)
class Protected:
    """The published rows, by their keys, and those that are hidden. `gave_up`: the view, period and level that had to
    be hidden as a whole, since no smaller set was found in time."""

    published: Mapping[Cell, int]
    hidden: frozenset[Cell]
    small: frozenset[Cell]
    gave_up: frozenset[tuple[str, ...]] = field(default_factory=frozenset)


def cell_of(view: str, row: Mapping[str, Any]) -> Cell:
    """The keys of a row of a view."""
    keys = ("period_kind", "period", "scope_level", "scope", "channel", "segment", *VIEWS[view].further)
    return Cell((view, *(str(row[key]) for key in keys)))


def protect(populations: Mapping[Cell, int], spans: Sequence[UnitSpan], sensitive: Collection[str]) -> Protected:
    """Hide what is small and what would give it away. `populations` are of the published rows of one family, county and
    year; `sensitive` are units."""
    periods = {(cell.period_kind, cell.period) for cell in populations if cell.period_kind != "day"}
    nesting = {period: groups(spans, *days_of(*period)) for period in periods}
    populations = dict(sorted(populations.items()))  # what is hidden must not depend on the order of rows
    suppression = Suppression(populations, equations(populations, nesting))
    small = frozenset(cell for cell, n in populations.items() if 0 < n < minimum(cell, sensitive))
    suppression.hide(sorted(small))
    gave_up: set[tuple[str, ...]] = set()
    rounds = 0
    while found := given_away(suppression, small):
        rounds += 1
        if rounds <= MAX_ROUNDS:
            suppression.hide(sorted({near for cell in found for near in _nearest(suppression, cell)}))
        else:
            gave_up |= {cell[:4] for cell in found}
            suppression.hide([cell for cell in populations if cell[:4] in gave_up])
            if rounds > 2 * MAX_ROUNDS:
                raise ValueError("a publication cannot be made safe")
    return Protected(populations, frozenset(suppression.hidden), small, frozenset(gave_up))


def minimum(cell: Cell, sensitive: Collection[str]) -> int:
    """The least population that is shown."""
    least = cell.view.minimum
    return max(least, K_SENSITIVE) if cell.level == "unit" and cell.scope in sensitive else least


def given_away(suppression: Suppression, small: Collection[Cell]) -> set[Cell]:
    """The rows of own size whose population an attacker knows."""
    rows = []
    for equation in suppression.equations:
        wholes, parts = suppression.hidden_of(equation)
        if wholes or parts:
            rows.append({**dict.fromkeys(wholes, 1), **dict.fromkeys(parts, -1)})
    return follows(rows, suppression.populations) & set(small)


def _nearest(suppression: Suppression, cell: Cell) -> list[Cell]:
    """The shown row of least worth among those that are nearest by equations; none where nothing near is shown."""
    reached, edge = {cell}, [cell]
    while edge:
        near: set[Cell] = set()
        for hidden in edge:
            for equation in suppression.equations_of.get(hidden, ()):
                near.update((*equation.wholes, *equation.parts))
        near -= reached
        shown = [c for c in near if c not in suppression.hidden and suppression.populations[c]]
        if shown:
            return [min(shown, key=lambda c: worth(c, suppression.populations[c]))]
        reached |= near
        edge = list(near)
    return []
