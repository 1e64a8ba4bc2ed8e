"""One publication made safe: what is hidden of the rows of a county and year."""

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from shared.disclosure.audit import Audit
from shared.disclosure.columns import columns
from shared.disclosure.equations import Nesting, equations
from shared.disclosure.hide import Suppression
from shared.disclosure.model import K_SENSITIVE, VIEWS, Cell, Counts, population
from shared.disclosure.nesting import UnitSpan, groups, implied
from shared.disclosure.periods import days_of
from shared.disclosure.repair import nearest

MAX_ATTACKED: Final = 5_000_000
"""Unknown counts to attack, over all rounds of attack and repair, before whole levels are hidden."""


@dataclass(frozen=True, slots=True)
class Protected:
    """What is hidden of a publication. `small`: the rows hidden for their own size; `gave_up`: the view, period and
    level that had to be hidden as a whole, since no smaller set was found in time."""

    hidden: frozenset[Cell]
    small: frozenset[Cell]
    gave_up: frozenset[tuple[str, ...]] = field(default_factory=frozenset)


def cell_of(view: str, row: Mapping[str, Any]) -> Cell:
    """The keys of a row of a view."""
    keys = ("period_kind", "period", "scope_level", "scope", "channel", "segment", *VIEWS[view].further)
    return Cell((view, *(str(row[key]) for key in keys)))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Do not search for reference cycles: there are millions of objects, and next to no cycles among them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_without_collection()
def protect(counts: Mapping[Cell, Counts], spans: Sequence[UnitSpan], sensitive: Collection[str]) -> Protected:
    """Hide what is small and what would give it away. `counts` are of the published rows of one family, county and
    year; `sensitive` are units."""
    # What is hidden must not depend on the order of rows.
    populations = {cell: population(cell, counts[cell]) for cell in sorted(counts)}
    periods = {(cell.period_kind, cell.period) for cell in populations if cell.period_kind != "day"}
    nesting = {period: groups(spans, *days_of(*period)) for period in periods}
    suppression = Suppression(populations, equations(populations, nesting))
    small = [row for row, cell in enumerate(suppression.cells) if 0 < populations[cell] < minimum(cell, sensitive)]
    suppression.hide(small)
    independent = _independent(suppression, nesting)
    gave_up: set[tuple[str, ...]] = set()
    attacked = 0
    for column in columns(counts, suppression, independent, frozenset(small)):
        audit = Audit(suppression, column)
        while unsafe := audit.unsafe(MAX_ATTACKED - attacked):
            # Also the levels that prove a count: its own level may be hidden already.
            proving = (row for row in map(partial(nearest, suppression), unsafe) if row is not None)
            gave_up |= {suppression.cells[row][:4] for row in (*unsafe, *proving)}
            if not suppression.hide(row for row, cell in enumerate(suppression.cells) if cell[:4] in gave_up):
                # All that equations connect with these rows is hidden. Nothing of it follows, whatever the attack says:
                # twice each of the counts would solve the same equations.
                break
            audit = Audit(suppression, column)
        attacked += audit.attacked
    small_cells = frozenset(suppression.cells[row] for row in small)
    return Protected(frozenset(suppression.hidden_cells()), small_cells, frozenset(gave_up))


def minimum(cell: Cell, sensitive: Collection[str]) -> int:
    """The least population that is shown."""
    least = cell.view.minimum
    return max(least, K_SENSITIVE) if cell.level == "unit" and cell.scope in sensitive else least


def _independent(suppression: Suppression, nesting: Mapping[tuple[str, str], Nesting]) -> set[int]:
    """The equations without those that are sums of others: an attacker learns nothing from them."""
    skipped = {period: implied(found) for period, found in nesting.items()}
    cells = suppression.cells
    return {
        number
        for number, (wholes, parts) in enumerate(suppression.sums)
        if not (wholes and _is_implied(cells[wholes[0]], cells[parts[0]], skipped))
    }


def _is_implied(whole: Cell, part: Cell, skipped: Mapping[tuple[str, str], Collection[tuple[str, str]]]) -> bool:
    """Whether the equation of these first rows of its sides is the sum of others."""
    if whole.view is not part.view:
        return False
    if whole.period != part.period:
        return (whole.period_kind, part.period_kind) == ("year", "month")  # by way of quarters
    return (whole.level, part.level) in skipped.get((whole.period_kind, whole.period), ())
