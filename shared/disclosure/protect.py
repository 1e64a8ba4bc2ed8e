"""One publication made safe: what is hidden of the rows of a county and year."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.disclosure.attack import Attacker, Finding
from shared.disclosure.equations import Equation, Nesting, equations
from shared.disclosure.hide import Suppression
from shared.disclosure.model import K_SENSITIVE, VIEWS, Cell, Counts, population
from shared.disclosure.nesting import UnitSpan, groups, implied
from shared.disclosure.periods import days_of
from shared.disclosure.repair import Proofs

MAX_ATTACKED: Final = 2_000_000
"""Hidden rows to attack, over all rounds of attack and repair, before whole levels are hidden."""


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


def protect(counts: Mapping[Cell, Counts], spans: Sequence[UnitSpan], sensitive: Collection[str]) -> Protected:
    """Hide what is small and what would give it away. `counts` are of the published rows of one family, county and
    year; `sensitive` are units. Raises ValueError where they cannot be made safe."""
    # What is hidden must not depend on the order of rows.
    populations = {cell: population(cell, counts[cell]) for cell in sorted(counts)}
    periods = {(cell.period_kind, cell.period) for cell in populations if cell.period_kind != "day"}
    nesting = {period: groups(spans, *days_of(*period)) for period in periods}
    suppression = Suppression(populations, equations(populations, nesting))
    small = frozenset(cell for cell, n in populations.items() if 0 < n < minimum(cell, sensitive))
    suppression.hide(sorted(small))
    attacker = Attacker(counts, suppression, _independent(suppression.equations, nesting), small)
    gave_up: set[tuple[str, ...]] = set()
    attacked = 0
    while findings := attacker.attack():
        attacked += len(suppression.hidden)
        found = len(suppression.hidden)
        repairs = _repairs(suppression, findings)
        if attacked > MAX_ATTACKED or not repairs:
            # Also the levels that prove a count: its own level may be hidden already.
            given_away = (cell for finding in findings for cell in finding.given_away)
            gave_up |= {cell[:4] for cell in (*given_away, *repairs)}
            repairs = [cell for cell in populations if cell[:4] in gave_up]
        suppression.hide(repairs)
        # Each round hides a row, so there are not more rounds than rows.
        if len(suppression.hidden) == found:
            raise ValueError("a publication cannot be made safe")
    return Protected(frozenset(suppression.hidden), small, frozenset(gave_up))


def minimum(cell: Cell, sensitive: Collection[str]) -> int:
    """The least population that is shown."""
    least = cell.view.minimum
    return max(least, K_SENSITIVE) if cell.level == "unit" and cell.scope in sensitive else least


def _independent(equations: Sequence[Equation], nesting: Mapping[tuple[str, str], Nesting]) -> list[Equation]:
    """The equations without those that are sums of others: an attacker learns nothing from them."""
    skipped = {period: implied(found) for period, found in nesting.items()}
    return [equation for equation in equations if not _is_implied(equation, skipped)]


def _is_implied(equation: Equation, skipped: Mapping[tuple[str, str], Collection[tuple[str, str]]]) -> bool:
    if not equation.wholes:
        return False
    whole, part = equation.wholes[0], equation.parts[0]
    if whole.view is not part.view:
        return False
    if whole.period != part.period:
        return (whole.period_kind, part.period_kind) == ("year", "month")  # by way of quarters
    return (whole.level, part.level) in skipped.get((whole.period_kind, whole.period), ())


def _repairs(suppression: Suppression, findings: Iterable[Finding]) -> list[Cell]:
    rows: set[Cell] = set()
    for finding in findings:
        proofs = Proofs(suppression, finding.known)
        rows.update(row for cell in finding.given_away if (row := proofs.row_to_hide(cell)) is not None)
    return sorted(rows)
