"""The linear system of one column, as an attacker sets it up: equations of unknown counts.

A hidden count that follows from a single equation (`propagation`) is as good as shown. The others are *unknown*.
"""

from collections.abc import Callable, Iterable, Sequence

from shared.disclosure.columns import Column
from shared.disclosure.elimination import Row
from shared.disclosure.hide import Suppression
from shared.disclosure.propagation import Propagation


class System:
    """The equations of a column among the rows of a publication, while more of them are hidden.

    `known`: the hidden rows that follow from single equations. `new`: the unknown counts that were known before.
    `vacuous`: the equations that say nothing any more.
    """

    def __init__(self, suppression: Suppression, column: Column) -> None:
        self.suppression, self.column = suppression, column
        self._propagation = Propagation(suppression, column.sums_of, column.tight)
        self.known = self._propagation.known
        self.new: set[int] = set()
        self.vacuous: set[int] = set()
        hidden = (row for row in column.rows if suppression.hidden[row])
        self._propagation.start(dict.fromkeys(number for row in hidden for number in column.sums_of[row]))

    def hide(self, rows: Iterable[int]) -> list[int]:
        """Hide rows, and what has to be hidden with them. Returns all that were shown before."""
        added = self.suppression.hide(sorted(rows))
        self.new |= self._propagation.hide(added)
        numbers = {number for row in added for number in self.column.sums_of[row]}
        self.vacuous.update(number for number in numbers if self._is_vacuous(*self.suppression.sums[number]))
        return added

    def _is_vacuous(self, wholes: Sequence[int], parts: Sequence[int]) -> bool:
        """Whether an equation says nothing: it has no whole, and all its parts are hidden."""
        return not wholes and all(self.suppression.hidden[row] for row in parts)

    def is_known(self, row: int) -> bool:
        """Whether a count is shown, or follows from a single equation."""
        return not self.suppression.hidden[row] or row in self.known

    def numbers_of(self, row: int) -> Sequence[int]:
        """The equations that name a row."""
        return self.column.sums_of[row]

    def unknowns(self, number: int) -> Row[int]:
        """The unknown counts of an equation, with their signs."""
        wholes, parts = self.suppression.sums[number]
        hidden, known = self.suppression.hidden, self.known
        found = {row: -1 for row in parts if hidden[row] and row not in known}
        for row in wholes:
            if hidden[row] and row not in known:
                found[row] = 1
        return {} if self._is_vacuous(wholes, parts) else found

    def with_known(self, number: int) -> Row[int]:
        """The unknown counts of an equation, and the known ones that can be hidden, or follow from what can be."""
        wholes, parts = self.suppression.sums[number]
        hidden, populations, known = self.suppression.hidden, self.suppression.populations, self.known
        row = self.unknowns(number)
        for side, sign in ((wholes, 1), (parts, -1)):
            for one in side:
                if one in known if hidden[one] else populations[one]:
                    row[one] = sign
        return row

    def connected(
        self, start: int, numbers_of: Callable[[int], Iterable[int]], row_of: Callable[[int], Row[int]]
    ) -> dict[int, Row[int]]:
        """The equations that are connected with a row by unknown counts, by their numbers.

        `numbers_of`: the equations that name a row; `row_of`: an equation, empty if it is to be left out.
        """
        reached, waiting = {start}, [start]
        rows: dict[int, Row[int]] = {}
        hidden, known = self.suppression.hidden, self.known
        while waiting:
            for number in numbers_of(waiting.pop()):
                if number not in rows:
                    row = rows[number] = row_of(number)
                    new = [one for one in row if one not in reached and hidden[one] and one not in known]
                    reached.update(new)
                    waiting += new
        return {number: row for number, row in rows.items() if row}

    def tight(self, unknowns: set[int]) -> set[int]:
        """The unknown counts that are treated as at their least value.

        Where most populations are 1 or 2, those of 2 are, too, because the equations may allow them only half a step.
        """
        if not self.column.view:
            low = {row for row in unknowns if self.suppression.populations[row] <= 2}
            if 2 * len(low) > len(unknowns):
                return low
        return unknowns.intersection(self.column.tight)
