"""What to hide next so that a count that follows from a publication no longer does."""

from collections.abc import Collection, Iterable

from shared.disclosure.equations import Equation
from shared.disclosure.hide import Suppression, Worth, worth
from shared.disclosure.model import Cell

_Candidate = tuple[Worth, Cell]


class Proofs:
    """The equations by which an attacker computes counts of one column: those in which all that is hidden follows."""

    def __init__(self, suppression: Suppression, known: Collection[Cell]) -> None:
        self._suppression, self._known = suppression, known
        # By id: hashing an equation means hashing all its rows.
        self._used: dict[int, bool] = {}
        self._least_of: dict[int, _Candidate | None] = {}
        self._best: dict[Cell, _Candidate | None] = {}

    def row_to_hide(self, cell: Cell) -> Cell | None:
        """The shown row of least worth in the equations that prove the count of a row, and in those that prove the
        other hidden counts in these; without such equations (the proof combines several) the nearest shown row. None
        where nothing near is shown.
        """
        hidden = self._suppression.hidden
        others = {other for equation in self._proofs_of(cell) for other in _cells(equation) if other in hidden}
        best = _least(self._in_proofs_of(row) for row in (cell, *others))
        return best[1] if best else self._nearest(cell)

    def _in_proofs_of(self, cell: Cell) -> "_Candidate | None":
        if cell not in self._best:
            self._best[cell] = _least(self._in(equation) for equation in self._proofs_of(cell))
        return self._best[cell]

    def _proofs_of(self, cell: Cell) -> list[Equation]:
        return [equation for equation in self._suppression.equations_of.get(cell, ()) if self._is_used(equation)]

    def _is_used(self, equation: Equation) -> bool:
        if (key := id(equation)) not in self._used:
            hidden = self._suppression.hidden
            self._used[key] = all(cell in self._known for cell in _cells(equation) if cell in hidden)
        return self._used[key]

    def _in(self, equation: Equation) -> "_Candidate | None":
        """The shown row of least worth of an equation."""
        if (key := id(equation)) not in self._least_of:
            hidden, populations = self._suppression.hidden, self._suppression.populations
            shown = (cell for cell in _cells(equation) if cell not in hidden and populations[cell])
            self._least_of[key] = _least((worth(cell, populations[cell]), cell) for cell in shown)
        return self._least_of[key]

    def _nearest(self, cell: Cell) -> Cell | None:
        """The row of least worth among the shown ones that the fewest equations separate from a row."""
        reached, edge = {cell}, [cell]
        while edge:
            equations = [equation for row in edge for equation in self._suppression.equations_of.get(row, ())]
            if best := _least(map(self._in, equations)):
                return best[1]
            edge = list({row for equation in equations for row in _cells(equation)} - reached)
            reached.update(edge)
        return None


def _least(candidates: Iterable[_Candidate | None]) -> _Candidate | None:
    return min((candidate for candidate in candidates if candidate is not None), default=None)


def _cells(equation: Equation) -> tuple[Cell, ...]:
    return (*equation.wholes, *equation.parts)
