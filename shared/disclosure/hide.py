"""Which rows are hidden: those that are small, and enough others that no sum reveals a small one.

An attacker who knows a sum learns the sum of its hidden rows. So in every equation either no row is hidden,
or several whose sum is so large that none of them can be calculated.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress
from typing import Final, NamedTuple

from shared.disclosure.equations import Equation
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


class Sum(NamedTuple):
    """An equation of rows by their numbers."""

    wholes: tuple[int, ...]
    parts: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """Both sides."""
        return self.wholes + self.parts


class Suppression:
    """The hidden rows of one publication, kept so that every equation stays protected.

    Rows and equations are numbers, in the order in which they are given: hashing keys would take most of the time.
    `sums` are the equations, each as its wholes and parts, and `sums_of` those that name each row.
    """

    def __init__(
        self,
        populations: Mapping[Cell, int],
        equations: Iterable[Equation],
        k: int = K,
    ) -> None:
        self.cells = list(populations)
        self.number = {cell: number for number, cell in enumerate(self.cells)}
        self.populations = list(populations.values())
        self.hidden = bytearray(len(self.cells))
        self.sums = [Sum(*(tuple(map(self.number.__getitem__, side)) for side in one)) for one in equations]
        self.sums_of: list[list[int]] = [[] for _ in self.cells]
        for number, one in enumerate(self.sums):
            for row in one.rows:
                self.sums_of[row].append(number)
        self.rank = self._ranks()
        self._k, self._linked = k, HiddenTogether(populations)
        self._shown: dict[int, list[int]] = {}
        self._pending: list[int] = []

    def _ranks(self) -> list[int]:
        """The place of each row in the order of worth."""
        ranks = [0] * len(self.cells)
        ordered = sorted(range(len(ranks)), key=lambda row: worth(self.cells[row], self.populations[row]))
        for rank, row in enumerate(ordered):
            ranks[row] = rank
        return ranks

    def kind_of(self, row: int) -> tuple[int, int, int]:
        """What the worth of a row depends on before its population: choice of keys, period kind, level."""
        return worth(self.cells[row], 0)[:3]

    def hidden_cells(self) -> Iterator[Cell]:
        """The keys of the hidden rows."""
        return compress(self.cells, self.hidden)

    def hide(self, rows: Iterable[int]) -> list[int]:
        """Hide rows, and what has to be hidden with them and because of them. Returns all that were shown before."""
        added = self._add(rows)
        while self._pending:
            number = self._pending.pop()
            while not self._is_protected(number):
                neighbour = self.neighbour(number)
                if neighbour is None:
                    break
                added += self._add([neighbour])
        return added

    def _add(self, rows: Iterable[int]) -> list[int]:
        added = []
        waiting = list(rows)
        while waiting:
            row = waiting.pop()
            if self.hidden[row]:
                continue
            self.hidden[row] = True
            added.append(row)
            self._pending += self.sums_of[row]
            waiting += [self.number[cell] for cell in self._linked(self.cells[row]) if cell in self.number]
        return added

    def hidden_of(self, number: int) -> tuple[list[int], list[int]]:
        """The hidden wholes and parts of an equation. Without a whole, an equation whose parts are all
        hidden reveals nothing."""
        wholes, parts = self.sums[number]
        hidden_wholes = [row for row in wholes if self.hidden[row]]
        hidden_parts = [row for row in parts if self.hidden[row]]
        return (hidden_wholes, hidden_parts) if wholes or len(hidden_parts) < len(parts) else ([], [])

    def _is_protected(self, number: int) -> bool:
        wholes, parts = self.hidden_of(number)
        found = wholes or parts
        if not found or (wholes and parts):
            return True
        total = sum([self.populations[row] for row in found])
        return len(found) > 1 and total >= max(2 * self._k, len(found) + self._k)

    def neighbour(self, number: int) -> int | None:
        """The shown row of an equation that is of least worth, None where all that count anything are hidden."""
        shown = self._shown.get(number)
        if shown is None:
            counted = [row for row in self.sums[number].rows if self.populations[row]]
            shown = self._shown[number] = sorted(counted, key=self.rank.__getitem__, reverse=True)
        while shown and self.hidden[shown[-1]]:
            shown.pop()  # for good: a hidden row is never shown again
        return shown[-1] if shown else None
