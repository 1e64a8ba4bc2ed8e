"""What follows from single equations, kept up to date while more rows are hidden.

Most of what can be calculated follows in steps, each from one equation: of its hidden rows one is not known yet, or
those that are not known are at their least values and on one side, so that none of them can be greater.
"""

from collections.abc import Collection, Iterable, Sequence
from math import inf

from shared.disclosure.hide import Suppression


class Propagation:
    """The rows of a column that follow step by step. `known` holds for each the equation that it follows from.

    `sums_of`: by row the equations of the column. `tight`: rows at their least value. Known rows have a place in the
    order in which they followed.
    """

    def __init__(self, suppression: Suppression, sums_of: Sequence[Sequence[int]], tight: Collection[int]) -> None:
        self._sums, self._hidden, self._sums_of, self._tight = suppression.sums, suppression.hidden, sums_of, tight
        self.known: dict[int, int] = {}
        self._place: dict[int, int] = {}
        self._places = 0
        self._following: dict[int, list[int]] = {}

    def start(self, sums: Iterable[int]) -> None:
        """Find what follows from equations, and from others with that."""
        waiting = list(sums)
        while waiting:
            number = waiting.pop()
            for row in self._follows_from(number):
                self._place[row] = self._places = self._places + 1
                self._follow(row, number)
                waiting += self._sums_of[row]

    def hide(self, rows: Iterable[int]) -> set[int]:
        """Take back what followed by way of rows that are hidden now, and does not follow in another way. Returns the
        rows that do not follow now, but were shown or followed before."""
        waiting = list(rows)
        lost = set(waiting)
        touched: dict[int, None] = {}
        while waiting:
            row = waiting.pop()
            for number in self._sums_of[row]:
                touched[number] = None
                for other in self._following.pop(number, ()):
                    del self.known[other]
                    if not self._follows_otherwise(other):
                        del self._place[other]
                        waiting.append(other)
                        lost.add(other)
        self.start(touched)
        return {row for row in lost if row not in self.known}  # `-` would visit all known rows

    def _follow(self, row: int, number: int) -> None:
        self.known[row] = number
        self._following.setdefault(number, []).append(row)

    def _follows_from(self, number: int, before: float = inf) -> list[int]:
        """The rows of an equation that follow from it and from rows that were known before the place `before`."""
        wholes, parts = self._sums[number]
        hidden, place, tight = self._hidden, self._place, self._tight
        left: list[int] = []
        loose = False
        for side in (wholes, parts):
            others = bool(left)
            for row in side:
                if hidden[row] and not place.get(row, inf) < before:
                    loose = loose or row not in tight
                    left.append(row)
                    if others or (loose and len(left) > 1):
                        return []
        return left if wholes or not all(hidden[row] for row in parts) else []

    def _follows_otherwise(self, row: int) -> bool:
        """Whether a row follows from what was known before it: from that only, lest rows prove each other."""
        for number in self._sums_of[row]:
            if row in self._follows_from(number, self._place[row]):
                self._follow(row, number)
                return True
        return False
