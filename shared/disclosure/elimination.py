"""Exact elimination of unknowns from sparse equations with whole coefficients."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from math import gcd
from typing import Final, Generic, TypeVar

V = TypeVar("V", bound=Hashable)
Row = dict[V, int]
"""The unknowns of an equation with their coefficients."""
Step = tuple[V, Row[V]]
"""An eliminated unknown and an equation of it that names no unknown of an earlier step."""
Change = tuple[int, int, int]
"""An equation, by its number, became scale times itself minus factor times the equation of a step."""
_UNITS: Final = (1, -1)


def eliminate(rows: Iterable[Row[V]], kept: Collection[V]) -> tuple[list[Step[V]], list[Row[V]]]:
    """Gaussian elimination of every unknown that is not to be kept: the steps, and the equations of kept unknowns."""
    made = Elimination(rows)
    made.eliminate(kept)
    return made.steps, made.rest()


class Elimination(Generic[V]):
    """Gaussian elimination to which equations and unknowns can be added. `steps` are those of the eliminated unknowns.

    Each step is recorded with the changes that it made, so that what is added later is changed alike.
    """

    def __init__(self, rows: Iterable[Row[V]]) -> None:
        self.steps: list[Step[V]] = []
        self._rows = [dict(row) for row in rows]
        self._users = users_of(self._rows)
        self._pivots: list[int] = []
        self._changes: list[list[Change]] = []

    def rest(self) -> list[Row[V]]:
        """The equations that are no steps."""
        return [row for row in self._rows if row]

    def eliminate(self, kept: Collection[V]) -> None:
        """Eliminate every unknown that is not to be kept.

        The unknown that the fewest equations name goes first, by the shortest of them: that keeps equations short.
        """
        rows, users = self._rows, self._users
        names = [unknown for unknown, named in users.items() if named and unknown not in kept]
        size = len(names)
        place = {unknown: number for number, unknown in enumerate(names)}
        # An unknown waits as a whole number: how many equations name it, then its place.
        least = [len(users[unknown]) for unknown in names]
        queue = [count * size + number for number, count in enumerate(least)]
        heapq.heapify(queue)
        while queue:
            count, number = divmod(heapq.heappop(queue), size)
            unknown = names[number]
            named = users[unknown]
            if count < len(named) and count == least[number]:
                least[number] = len(named)
                heapq.heappush(queue, len(named) * size + number)
            if count != len(named) or not named:
                continue
            pivot = min(named) if count == 1 else _shortest(rows, named, unknown)
            row = rows[pivot]
            self._pivots.append(pivot)
            self._changes.append(substitute(rows, users, unknown, pivot))
            self.steps.append((unknown, row))
            for other in row:
                at = place.get(other)
                if at is not None and len(users[other]) < least[at]:
                    least[at] = len(users[other])
                    heapq.heappush(queue, least[at] * size + at)

    def add_rows(self, rows: Iterable[Row[V]]) -> None:
        """Add equations of the unknowns so far. They are numbered on."""
        step_of = {unknown: step for step, (unknown, _) in enumerate(self.steps)}
        for row in rows:
            number, added = len(self._rows), dict(row)
            waiting = [step_of[unknown] for unknown in added if unknown in step_of]
            heapq.heapify(waiting)
            while waiting:
                step = heapq.heappop(waiting)
                unknown, pivot = self.steps[step]
                if unknown not in added:
                    continue
                scale, factor = _factors(added[unknown], pivot[unknown])
                self._changes[step].append((number, scale, factor))
                if scale != 1:
                    added = {other: coefficient * scale for other, coefficient in added.items()}
                for other, coefficient in pivot.items():
                    if other not in added and other in step_of:
                        heapq.heappush(waiting, step_of[other])
                    added[other] = added.get(other, 0) - factor * coefficient
                    if not added[other]:
                        del added[other]
            self._rows.append(added)
            for unknown in added:
                self._users[unknown].add(number)

    def add_unknowns(self, columns: Mapping[V, Mapping[int, int]]) -> None:
        """Add unknowns with their coefficients by number of the equation."""
        step_of = {pivot: step for step, pivot in enumerate(self._pivots)}
        # The steps that an equation takes part in alone: as their own equation, or because they scale it.
        visits: dict[int, list[int]] = defaultdict(list, {pivot: [step] for pivot, step in step_of.items()})
        for step, changes in enumerate(self._changes):
            for number, scale, _ in changes:
                if scale != 1:
                    visits[number].append(step)
        for unknown, coefficients in columns.items():
            for number, coefficient in self._changed(coefficients, visits).items():
                if number in step_of:
                    self.steps[step_of[number]][1][unknown] = coefficient
                else:
                    self._rows[number][unknown] = coefficient
                    self._users[unknown].add(number)

    def _changed(self, coefficients: Mapping[int, int], visits: Mapping[int, Sequence[int]]) -> dict[int, int]:
        """The coefficients of a new unknown by equation, after all steps."""
        found = dict(coefficients)
        waiting = [step for number in found for step in visits.get(number, ())]
        heapq.heapify(waiting)
        done = -1
        while waiting:
            step = heapq.heappop(waiting)
            if step == done:
                continue
            done = step
            own = found.get(self._pivots[step], 0)
            for number, scale, factor in self._changes[step]:
                old = found.get(number, 0)
                found[number] = scale * old - factor * own
                if not old:
                    for later in visits.get(number, ()):
                        if later > step:
                            heapq.heappush(waiting, later)
        return {number: coefficient for number, coefficient in found.items() if coefficient}


def _shortest(rows: Sequence[Row[V]], named: Iterable[int], unknown: V) -> int:
    """The shortest equation that names an unknown, if possible with a coefficient of 1 or -1."""
    return min((rows[number][unknown] not in _UNITS, len(rows[number]), number) for number in named)[2]


def _factors(mine: int, its: int) -> tuple[int, int]:
    """Scale and factor with which one equation, by another, loses an unknown of these coefficients."""
    if its in _UNITS:
        return 1, mine * its
    common = gcd(mine, its)
    return its // common, mine // common


def substitute(rows: list[Row[V]], users: Mapping[V, set[int]], unknown: V, pivot: int) -> list[Change]:
    """Eliminate an unknown by one of the equations that name it: from all others, and then leave that one out. Keeps
    count of who names what. Returns how the others changed."""
    row = rows[pivot]
    rows[pivot] = {}
    for other in row:
        users[other].discard(pivot)
    named = users[unknown]
    if not named:
        return []
    its = row[unknown]
    rest = [(other, coefficient) for other, coefficient in row.items() if other != unknown]
    changes = []
    for number in named:
        target = rows[number]
        scale, factor = _factors(target.pop(unknown), its)
        changes.append((number, scale, factor))
        if scale != 1:
            for other in target:
                target[other] *= scale
        for other, coefficient in rest:
            change = factor * coefficient
            old = target.get(other)
            if old is None:
                target[other] = -change
                users[other].add(number)
            elif old == change:
                del target[other]
                users[other].discard(number)
            else:
                target[other] = old - change
    named.clear()
    return changes


def users_of(rows: Iterable[Row[V]]) -> dict[V, set[int]]:
    """By unknown the numbers of the equations that name it."""
    users: dict[V, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for unknown in row:
            users[unknown].add(number)
    return users
