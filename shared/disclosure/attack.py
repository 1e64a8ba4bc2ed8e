"""Plays the attacker of one publication: finds the counts of small rows that follow from what is shown.

Attacked are the population of a row and each of its categories that is not zero, column by column: they add up alike.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from shared.disclosure.equations import Equation
from shared.disclosure.hide import Suppression
from shared.disclosure.inference import components, follows
from shared.disclosure.model import FURTHER, Cell, Counts

_Row = dict[int, int]


class Column(NamedTuple):
    """What is attacked at once: a category of a view, or the populations of all views."""

    view: str
    category: str


_POPULATIONS: Final = Column("", "")


class Finding(NamedTuple):
    """What follows of one column: in small rows, where it must not, and in all hidden rows."""

    given_away: set[Cell]
    known: set[Cell]


class Attacker:
    """Attacks a publication again and again while more of it is hidden.

    What does not follow never will: a direction along which a count moves stays one when more is hidden. So each attack
    is on what followed in the last.
    """

    def __init__(
        self,
        counts: Mapping[Cell, Counts],
        suppression: Suppression,
        equations: Sequence[Equation],
        small: Collection[Cell],
    ) -> None:
        self._counts, self._suppression, self._equations = counts, suppression, equations
        self._cells = list(suppression.populations)
        self._number = {cell: number for number, cell in enumerate(self._cells)}
        self._open: dict[Column, set[int]] = defaultdict(set)
        for cell in small:
            self._open[_POPULATIONS].add(self._number[cell])
            for category in cell.view.categories:
                if counts[cell][category]:
                    self._open[Column(cell[0], category)].add(self._number[cell])

    def attack(self) -> list[Finding]:
        """What follows from the publication as it stands; empty once it is safe."""
        given_away: dict[Column, set[int]] = defaultdict(set)
        known: dict[Column, set[int]] = defaultdict(set)
        for rows in components(self._hidden_rows()):
            unknowns = {unknown for row in rows for unknown in row}
            for column, open_ in self._open.items():
                if attacked := open_ & unknowns:
                    following = self._following(column, rows, unknowns)
                    if attacked & following:
                        given_away[column] |= attacked & following
                        known[column] |= following
        self._open = dict(sorted(given_away.items()))
        return [Finding(self._cells_of(found), self._cells_of(known[column])) for column, found in self._open.items()]

    def _cells_of(self, numbers: Iterable[int]) -> set[Cell]:
        return {self._cells[number] for number in numbers}

    def _hidden_rows(self) -> Iterator[_Row]:
        for equation in self._equations:
            wholes, parts = self._suppression.hidden_of(equation)
            if wholes or parts:
                yield {self._number[cell]: 1 for cell in wholes} | {self._number[cell]: -1 for cell in parts}

    def _following(self, column: Column, rows: Sequence[_Row], unknowns: Iterable[int]) -> set[int]:
        if column == _POPULATIONS:
            return follows(rows, self._tight_populations(unknowns))
        own = {number for number in unknowns if self._cells[number][0] == column.view}
        sums = [row for row in rows if own.issuperset(row) and self._adds_up(row)]
        return follows(sums, {number for number in own if self._is_tight(number, column.category)})

    def _population(self, number: int) -> int:
        return self._suppression.populations[self._cells[number]]

    def _tight_populations(self, unknowns: Iterable[int]) -> set[int]:
        """The populations at their least value, 1. Where most are 1 or 2, populations of 2 are also treated as at
        their least value, because the equations may allow them only half a step.
        """
        populations = {number: self._population(number) for number in unknowns}
        low = {number for number, population in populations.items() if population <= 2}
        if 2 * len(low) > len(populations):
            return low
        return {number for number in low if populations[number] <= 1}

    def _is_tight(self, number: int, category: str) -> bool:
        """A category cannot fall below 0. Nor does the only one of a row fall: the row would be empty."""
        return not self._counts[self._cells[number]][category] or self._population(number) == 1

    def _adds_up(self, row: _Row) -> bool:
        """Whether an equation of populations is one of categories, too. Windows have equal clients, but other
        repeats."""
        cells = [self._cells[number] for number in row]
        return cells[0].view.additive or len({cell[FURTHER:] for cell in cells}) == 1
