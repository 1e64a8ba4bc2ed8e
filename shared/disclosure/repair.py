"""What to hide next so that a count that follows from a publication no longer does."""

from collections.abc import Collection, Iterable

from shared.disclosure.equations import Equation
from shared.disclosure.hide import Suppression, worth
from shared.disclosure.model import Cell


class Proofs:
    """The equations by which an attacker computes counts of one column: those in which all that is hidden follows."""

    def __init__(self, suppression: Suppression, known: Collection[Cell]) -> None:
        self._suppression, self._known = suppression, known
        # By id: hashing an equation means hashing all its rows.
        self._used: dict[int, bool] = {}
        self._shown_of: dict[int, list[Cell]] = {}

    def row_to_hide(self, cell: Cell) -> Cell | None:
        """The shown row of least worth in the equations that prove the count of a row, and in those that prove the
        other hidden counts in these; without such equations (the proof combines several) the nearest shown row. None
        where nothing near is shown.
        """
        direct = self._proofs_of(cell)
        others = {other for equation in direct for other in _cells(equation)} & self._suppression.hidden
        shown = {row for equation in direct for row in self._shown(equation)}
        shown.update(row for other in others for equation in self._proofs_of(other) for row in self._shown(equation))
        return self._least(shown) if shown else self._nearest(cell)

    def _proofs_of(self, cell: Cell) -> list[Equation]:
        return [equation for equation in self._suppression.equations_of.get(cell, ()) if self._is_used(equation)]

    def _is_used(self, equation: Equation) -> bool:
        if (key := id(equation)) not in self._used:
            hidden = self._suppression.hidden
            self._used[key] = all(cell in self._known for cell in _cells(equation) if cell in hidden)
        return self._used[key]

    def _shown(self, equation: Equation) -> list[Cell]:
        if (key := id(equation)) not in self._shown_of:
            hidden, populations = self._suppression.hidden, self._suppression.populations
            self._shown_of[key] = [cell for cell in _cells(equation) if cell not in hidden and populations[cell]]
        return self._shown_of[key]

    def _least(self, cells: Iterable[Cell]) -> Cell:
        return min(cells, key=lambda cell: worth(cell, self._suppression.populations[cell]))

    def _nearest(self, cell: Cell) -> Cell | None:
        """The row of least worth among the shown ones that the fewest equations separate from a row."""
        reached, edge = {cell}, [cell]
        while edge:
            equations = [equation for row in edge for equation in self._suppression.equations_of.get(row, ())]
            if shown := {row for equation in equations for row in self._shown(equation)}:
                return self._least(shown)
            edge = list({row for equation in equations for row in _cells(equation)} - reached)
            reached.update(edge)
        return None


def _cells(equation: Equation) -> tuple[Cell, ...]:
    return (*equation.wholes, *equation.parts)
