"""Attackers of a publication: they use what is shown and how published counts add up.

They know the true counts too, but use them only to say which hidden counts are at their bounds: the linear programs of
an attacker, who does not know them, have the same solutions.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shared.disclosure.equations import Equation, equations
from shared.disclosure.model import FURTHER, VIEWS, Cell, population
from shared.disclosure.nesting import UnitSpan, groups
from shared.disclosure.periods import days_of
from tests.disclosure.linear import determined

Counts = Mapping[Cell, Mapping[str, Any]]


@dataclass(frozen=True)
class Publication:
    """The true counts of published rows, and which of them are hidden, some for their own size."""

    counts: Counts
    spans: list[UnitSpan]
    hidden: Collection[Cell]
    small: Collection[Cell]

    @cached_property
    def equations(self) -> list[Equation]:
        populations = {cell: population(cell, row) for cell, row in self.counts.items()}
        periods = {(cell.period_kind, cell.period) for cell in populations if cell.period_kind != "day"}
        return list(equations(populations, {period: groups(self.spans, *days_of(*period)) for period in periods}))


def known_populations(publication: Publication) -> set[Cell]:
    """The small rows whose population follows."""
    rows = [row for equation in publication.equations if (row := _hidden(publication, equation))]
    lowest = {cell for cell in publication.hidden if population(cell, publication.counts[cell]) <= 1}
    return determined(rows, lowest) & set(publication.small)


def known_categories(publication: Publication) -> set[tuple[Cell, str]]:
    """The categories of small rows that follow and are not zero."""
    found = set()
    own_of = defaultdict(list)
    for equation in publication.equations:
        if equation.wholes and _is_of(view_name := equation.wholes[0][0], equation):
            own_of[view_name].append(equation)
    for view in VIEWS.values():
        own = own_of[view.name]
        for column in view.categories:
            values = {cell: row[column] for cell, row in publication.counts.items() if cell[0] == view.name}
            rows = [
                row
                for equation in own
                if sum(map(values.__getitem__, equation.wholes)) == sum(map(values.__getitem__, equation.parts))
                and (row := _hidden(publication, equation))
            ]
            zero = {cell for cell in publication.hidden if cell[0] == view.name and not values[cell]}
            known = determined(rows, zero) & set(publication.small)
            found |= {(cell, column) for cell in known if values[cell]}
    return found


def _is_of(view: str, equation: Equation) -> bool:
    cells = (*equation.wholes, *equation.parts)
    same_keys = len({cell[FURTHER:] for cell in cells}) == 1
    return all(cell[0] == view for cell in cells) and (VIEWS[view].additive or same_keys)


def _hidden(publication: Publication, equation: Equation) -> dict[Cell, int]:
    """The hidden rows of an equation with their signs. Without a total, all parts hidden say nothing."""
    parts = [cell for cell in equation.parts if cell in publication.hidden]
    if not equation.wholes and len(parts) == len(equation.parts):
        return {}
    return {cell: 1 for cell in equation.wholes if cell in publication.hidden} | dict.fromkeys(parts, -1)
