"""Which rows are hidden: those that are small, and enough others that no sum reveals a small one.

An attacker who knows a sum learns the sum of its hidden rows. So in every equation either no row is hidden,
or several whose sum is so large that none of them can be calculated.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from shared.disclosure.equations import Equation, by_cell
from shared.disclosure.model import ALL, FURTHER, LEVELS, PERIOD_KINDS, Cell, K
from shared.disclosure.star import chosen

Worth = tuple[int, int, int, int, Cell]
_LEVEL: Final = {level: number for number, level in enumerate(LEVELS)}
_PERIOD: Final = {kind: number for number, kind in enumerate(PERIOD_KINDS)}
_WINDOWS: Final = ("1", "7", "30")


def worth(cell: Cell, population: int) -> Worth:
    """Sort key of rows that may be hidden to protect others: the first is hidden first."""
    return (0 if chosen(cell) else 1, _PERIOD[cell.period_kind], _LEVEL[cell.level], population, cell)


class HiddenTogether:
    """The rows that would give a hidden row away by themselves, each with its own columns: they hide with it."""

    def __init__(self, populations: Iterable[Cell]) -> None:
        self._shares: dict[tuple[str, ...], list[Cell]] = defaultdict(list)
        self._of_county: dict[str, list[Cell]] = defaultdict(list)
        for cell in populations:
            if cell[0] == "direct_feedback":
                self._shares[cell[1:FURTHER]].append(cell)
            elif cell[0] == "events_per_client":
                self._of_county[cell.period].append(cell)

    def __call__(self, cell: Cell) -> Iterable[Cell]:
        match cell[0]:
            case "fcr" | "fcr_confirmed" | "access" | "digital":
                return [*_as_one(cell), *_digital_of_channel(cell)]
            case "direct_feedback" if not chosen(cell):
                return self._shares[cell[1:FURTHER]]  # shares of this row
            case "service_events" if cell.segment == "multidisciplinary":
                return [Cell(("events_per_client", *cell[1:6], ALL))]  # the same events
            case "events_per_client":
                same = Cell(("service_events", *cell[1:6], "multidisciplinary", ALL, ALL))
                return [same, *(self._of_county[cell.period] if cell.level == "county" else ())]
        return ()


def _as_one(cell: Cell) -> list[Cell]:
    keys = cell[1:FURTHER]
    windows = [Cell(("fcr_confirmed", *keys, window)) for window in _WINDOWS]
    return [*(Cell((view, *keys)) for view in ("fcr", "access", "digital")), *windows]


def _digital_of_channel(cell: Cell) -> list[Cell]:
    """`digital` shows the contacts of each channel."""
    if cell[0] != "access" or cell.channel == ALL:
        return []
    return [Cell(("digital", *cell[1:5], ALL, cell.segment))]


class Suppression:
    """The hidden rows of one publication, kept so that every equation stays protected."""

    def __init__(
        self,
        populations: Mapping[Cell, int],
        equations: Iterable[Equation],
        k: int = K,
    ) -> None:
        self.populations, self._k, self._linked = populations, k, HiddenTogether(populations)
        self.hidden: set[Cell] = set()
        self.equations = list(equations)
        self.equations_of = by_cell(self.equations)
        self._pending: list[Equation] = []

    def hide(self, cells: Iterable[Cell]) -> None:
        """Hide rows, and what has to be hidden with them and because of them."""
        self._add(cells)
        while self._pending:
            equation = self._pending.pop()
            while not self._is_protected(equation):
                neighbour = self.neighbour(equation)
                if neighbour is None:
                    break
                self._add([neighbour])

    def _add(self, cells: Iterable[Cell]) -> None:
        waiting = list(cells)
        while waiting:
            cell = waiting.pop()
            if cell in self.hidden or cell not in self.populations:
                continue
            self.hidden.add(cell)
            self._pending += self.equations_of.get(cell, ())
            waiting += self._linked(cell)

    def hidden_of(self, equation: Equation) -> tuple[list[Cell], list[Cell]]:
        """The hidden wholes and parts of an equation. Without a whole, an equation whose parts are all
        hidden reveals nothing."""
        wholes = [cell for cell in equation.wholes if cell in self.hidden]
        parts = [cell for cell in equation.parts if cell in self.hidden]
        return (wholes, parts) if equation.wholes or len(parts) < len(equation.parts) else ([], [])

    def _is_protected(self, equation: Equation) -> bool:
        wholes, parts = self.hidden_of(equation)
        found = wholes or parts
        if not found or (wholes and parts):
            return True
        total = sum(self.populations[cell] for cell in found)
        return len(found) > 1 and total >= max(2 * self._k, len(found) + self._k)

    def neighbour(self, equation: Equation) -> Cell | None:
        """The shown row of an equation that is of least worth, None where all that count anything are hidden."""
        shown = (
            cell for cell in (*equation.wholes, *equation.parts) if cell not in self.hidden and self.populations[cell]
        )
        return min(shown, key=lambda cell: worth(cell, self.populations[cell]), default=None)
