"""What to hide next so that a count that follows from a publication no longer does."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from shared.disclosure.elimination import Row, eliminate, users_of
from shared.disclosure.hide import Sum, Suppression
from shared.disclosure.proof import proofs
from shared.disclosure.system import System

_ONE_BY_ONE: Final = 3
"""So many rows are hidden for a count one at a time. After that several are hidden at once."""


class Repair:
    """Hides rows of the proofs of counts that follow. `moving`: the unknown counts that do not follow."""

    def __init__(self, system: System, moving: set[int]) -> None:
        self._system, self._moving = system, moving
        self._tries: Counter[int] = Counter()

    def repair(self, found: Mapping[int, set[int]]) -> bool:
        """Hide rows so that fewer of the small rows in `found` follow. Returns whether anything was hidden.

        `found` gives for each row all that follows around it. Most proofs are of equations in which all that is hidden
        follows. The others are found in what is left when all moving counts are eliminated.
        """
        if self._hide_proofs(found, self._system.numbers_of, self._without_moving):
            return True
        following = set().union(*found.values())
        rest = self._eliminated(found, following)
        users = users_of(rest)
        if self._hide_proofs(found, users.__getitem__, rest.__getitem__):
            return True
        hidden = [self._hide_around(row, following) for row in found]
        return any(hidden)

    def _hide_around(self, row: int, following: set[int]) -> bool:
        """Hide rows around a count for which `proofs` finds none: of single equations, or else the nearest."""
        suppression = self._system.suppression
        first: int | None = None
        for _ in range(self._next_number_of_rows(row)):
            chosen = row_of_proofs(self._system, row, following)
            if first is None:
                first = chosen = nearest(suppression, row) if chosen is None else chosen
            if chosen is None or first is None or suppression.kind_of(chosen) != suppression.kind_of(first):
                break
            self._system.hide([chosen])
        return first is not None

    def _next_number_of_rows(self, row: int) -> int:
        """How many rows to hide for a count at once. Some counts have so many proofs that the number has to double."""
        self._tries[row] += 1
        return 1 << max(0, self._tries[row] - _ONE_BY_ONE)

    def _without_moving(self, number: int) -> Row[int]:
        """An equation of which all unknown counts follow, or have been hidden since; else nothing."""
        unknowns = self._system.unknowns(number)
        if not unknowns or not unknowns.keys().isdisjoint(self._moving):
            return {}
        return self._system.with_known(number)

    def _eliminated(self, found: Iterable[int], following: Collection[int]) -> list[Row[int]]:
        """What the equations around rows say of the counts that follow and of the known ones."""
        rows: list[Row[int]] = []
        reached: set[int] = set()
        for start in found:
            if start not in reached:
                rows += self._system.connected(start, self._system.numbers_of, self._system.with_known).values()
                reached.update(*rows)
        kept = {one for row in rows for one in row if one in following or self._system.is_known(one)}
        return eliminate(rows, kept)[1]

    def _hide_proofs(
        self, found: Iterable[int], numbers_of: Callable[[int], Iterable[int]], row_of: Callable[[int], Row[int]]
    ) -> bool:
        """Hide rows while equations prove some of the found ones: of each proof those of least worth.

        Equations without a common unknown count are solved apart: a row that is hidden touches few of them.
        """
        left = dict.fromkeys(found)
        repaired = False
        while left:
            start = next(iter(left))
            rows = list(self._system.connected(start, numbers_of, row_of).values())
            unknowns = {one for row in rows for one in row}
            wanted = [one for one in left if one == start or one in unknowns]
            chosen = self._rows_of_proofs(wanted, rows)
            if chosen:
                rows_to_hide = sorted(set().union(*chosen.values()))
                self._system.hide(rows_to_hide)
                for row in sorted({row for one in chosen if self._tries[one] > _ONE_BY_ONE for row in chosen[one]}):
                    make_unknown(self._system, row)  # the proof holds while single equations prove the row
                repaired = True
            for one in wanted:
                if one not in chosen:
                    del left[one]
        return repaired

    def _rows_of_proofs(self, wanted: Collection[int], rows: Sequence[Row[int]]) -> dict[int, list[int]]:
        """By row that the equations prove the rows to hide: of its proof those of least worth."""
        system, hidden = self._system, self._system.suppression.hidden
        names = {name for row in rows for name in row}
        symbols = {name for name in names if system.is_known(name)}
        tight = (system.tight(names - symbols) - self._moving) | symbols.intersection(system.column.tight)
        chosen: dict[int, list[int]] = {}
        for one, used in proofs(rows, tight, symbols, wanted).items():
            shown = {row for row in used if not hidden[row]}
            candidates = shown or {found for row in used if (found := row_to_hide(system, row)) is not None}
            if candidates:
                ranked = sorted(candidates, key=system.suppression.rank.__getitem__)
                # Several at once only of the least kind: rows that leaders read are not hidden to save time.
                kind = system.suppression.kind_of(ranked[0])
                least = [row for row in ranked if system.suppression.kind_of(row) == kind]
                chosen[one] = least[: self._next_number_of_rows(one)]
        return chosen


def make_unknown(system: System, row: int) -> bool:
    """Hide rows until a hidden count does not follow from single equations. Returns False where nothing is left."""
    while row in system.known:
        chosen = row_to_hide(system, row)
        if chosen is None or not system.hide([chosen]):
            return False
    return True


def row_to_hide(system: System, row: int) -> int | None:
    """The row of `row_of_proofs`, or else the nearest shown row. None where nothing near is shown."""
    found = row_of_proofs(system, row)
    return nearest(system.suppression, row) if found is None else found


def row_of_proofs(system: System, row: int, following: Collection[int] = ()) -> int | None:
    """The shown row of least worth in the equations that prove the count of a row, those in which every hidden row is
    known or `following`, and in those that prove the other hidden counts in these. None without such equations.
    """
    suppression, column, known = system.suppression, system.column, system.known
    hidden, populations = suppression.hidden, suppression.populations

    def is_proven(one: int) -> bool:
        return not hidden[one] or one in known or one in following

    def proofs_of(one: int) -> list[Sum]:
        sums = [suppression.sums[number] for number in column.sums_of[one]]
        return [found for found in sums if all(map(is_proven, found.rows))]

    proven = {row, *(other for found in proofs_of(row) for other in found.rows if hidden[other])}
    candidates = {
        other
        for one in proven
        for found in proofs_of(one)
        for other in _making_up_for(one, found, column.tight)
        if not hidden[other] and populations[other]
    }
    return min(candidates, key=suppression.rank.__getitem__, default=None)


def _making_up_for(row: int, found: Sum, tight: Collection[int]) -> Iterator[int]:
    """The rows that can change so that the count of a row can. A count at its least value can only rise, which makes up
    for nothing on the same side of an equation."""
    same, other = (found.wholes, found.parts) if row in found.wholes else (found.parts, found.wholes)
    yield from other
    yield from (one for one in same if one not in tight)


def nearest(suppression: Suppression, row: int) -> int | None:
    """The row of least worth among the shown ones that the fewest equations separate from a row."""
    reached, edge = {row}, [row]
    while edge:
        sums = {number for one in edge for number in suppression.sums_of[one]}
        best = _least(suppression, sums)
        if best is not None:
            return best
        edge = list({one for number in sums for one in suppression.sums[number].rows} - reached)
        reached.update(edge)
    return None


def _least(suppression: Suppression, sums: Iterable[int]) -> int | None:
    """The shown row of least worth of equations."""
    shown = (row for row in map(suppression.neighbour, sums) if row is not None)
    return min(shown, key=suppression.rank.__getitem__, default=None)
