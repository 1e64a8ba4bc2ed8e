"""What an attacker computes from one publication: the hidden counts that have one possible value.

The attacker knows how published counts add up, every count that is shown, and the least value of a hidden count. A
hidden count *follows* when it has the same value in every solution of all that. The true counts are one solution, so a
count does not follow when they can be moved: along a direction that keeps every sum, changes this count, and does not
lower a count that is at its least value (a *tight* one).

1. Counts that are not tight are eliminated from the equations. What is left are equations of tight counts only, along
   whose directions no count may fall.
2. A tight count in such an equation with one sign only cannot move. The others are scaled until every equation balances
   (iterative proportional fitting, whose limit is positive wherever any solution is positive); what goes to zero cannot
   move either.
3. With the counts that cannot move taken as known, the others follow exactly if the equations determine them: if they
   are zero in a random direction.

Step 2 stops after a bounded number of rounds and then takes what is not balanced as fixed: more may be hidden than has
to be, never less.
"""

import heapq
import random
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from math import gcd
from typing import Final, TypeVar

V = TypeVar("V", bound=Hashable)
Row = dict[V, int]
"""The hidden counts of an equation with their signs; what they sum to is known."""

PRIME: Final = (1 << 61) - 1
"""Directions are computed modulo a prime: what is zero in a random one is zero in all of them, almost surely."""
_SEED: Final = 20260101
_ROUNDS: Final = 200
_BALANCED: Final = 1e-6
_ZERO: Final = 1e-4
_NOTHING: Final = 1e-16
_FILL: Final = 5000
"""Entries that a substitution may add: what would take more is left to balancing."""


def follows(rows: Iterable[Mapping[V, int]], tight: Collection[V]) -> set[V]:
    """The hidden counts that follow from the equations, where those of `tight` are at their least value."""
    fixed, live = _one_sided([dict(row) for row in rows], tight)
    steps, rest = _eliminate(live, tight)
    fixed |= _immovable(rest)
    tight_steps, _ = _eliminate([left for row in rest if (left := _without(row, fixed))], ())
    direction = _random_direction(live, fixed, [*steps, *tight_steps])
    return fixed | {unknown for unknown, value in direction.items() if value == 0}


def components(rows: Iterable[Row[V]]) -> list[list[Row[V]]]:
    """Equations grouped by the unknowns that they share."""
    roots: dict[V, V] = {}

    def root(node: V) -> V:
        while (above := roots.setdefault(node, node)) != node:
            roots[node] = node = roots[above]
        return node

    known = [row for row in rows if row]
    for row in known:
        first = root(next(iter(row)))
        for other in row:
            roots[root(other)] = first
    grouped: dict[V, list[Row[V]]] = defaultdict(list)
    for row in known:
        grouped[root(next(iter(row)))].append(row)
    return list(grouped.values())


def _without(row: Row[V], known: Collection[V]) -> Row[V]:
    return {unknown: sign for unknown, sign in row.items() if unknown not in known}


def _one_sided(rows: list[Row[V]], tight: Collection[V]) -> tuple[set[V], list[Row[V]]]:
    """The tight counts that cannot move since they are alone in an equation with one sign, and the equations without
    them."""
    fixed: set[V] = set()
    while True:
        found = {
            unknown
            for row in rows
            if len(set(map((0).__lt__, row.values()))) == 1 and all(unknown in tight for unknown in row)
            for unknown in row
        }
        if not found:
            return fixed, rows
        fixed |= found
        rows = [left for row in rows if (left := _without(row, found))]


def _eliminate(rows: Sequence[Row[V]], kept: Collection[V]) -> tuple[list[tuple[V, Row[V]]], list[Row[V]]]:
    """Gaussian elimination of every unknown that is not to be kept: the steps, each an unknown and an equation of it
    without those of earlier steps, and the equations of kept unknowns alone.

    The unknown that the fewest equations name goes first, by the shortest of them: that keeps equations short.
    """
    active = [dict(row) for row in rows]
    users = _users(active)
    order = {unknown: position for position, unknown in enumerate(users)}
    queue = [(len(named), order[unknown], unknown) for unknown, named in users.items() if unknown not in kept]
    heapq.heapify(queue)
    steps: list[tuple[V, Row[V]]] = []
    while queue:
        count, _, unknown = heapq.heappop(queue)
        named = users[unknown]
        if count != len(named):
            if count < len(named):
                heapq.heappush(queue, (len(named), order[unknown], unknown))
            continue
        if not named:
            continue
        pivot = min(named, key=lambda number: (abs(active[number][unknown]) != 1, len(active[number]), number))
        row = active[pivot]
        for other in row:
            users[other].discard(pivot)
        for target in list(named):
            _subtract(active[target], row, unknown, users, target)
        steps.append((unknown, row))
        active[pivot] = {}
        for other in row:
            if other not in kept and other != unknown:
                heapq.heappush(queue, (len(users[other]), order[other], other))
    return steps, [row for row in active if row]


def _subtract(target: Row[V], row: Row[V], unknown: V, users: Mapping[V, set[int]], number: int) -> None:
    """Eliminate an unknown from the target by another equation, and keep count of who names what."""
    mine, its = target[unknown], row[unknown]
    if abs(its) != 1:
        common = gcd(mine, its)
        mine, its = mine // common, its // common
        for other in target:
            target[other] *= its
    else:
        mine *= its
    for other, coefficient in row.items():
        left = target.get(other, 0) - mine * coefficient
        if left:
            if other not in target:
                users[other].add(number)
            target[other] = left
        elif other in target:
            del target[other]
            users[other].discard(number)


def _random_direction(rows: Iterable[Row[V]], fixed: Collection[V], steps: Sequence[tuple[V, Row[V]]]) -> dict[V, int]:
    """A direction that keeps every sum and moves everything that can be moved, modulo a prime."""
    chance = random.Random(_SEED)
    direction = dict.fromkeys(fixed, 0)
    solved = {unknown for unknown, _ in steps}
    for row in rows:
        for unknown in row:
            if unknown not in direction and unknown not in solved:
                direction[unknown] = chance.randrange(1, PRIME)
    for unknown, row in reversed(steps):
        total = sum(coefficient * direction[other] for other, coefficient in row.items() if other != unknown)
        direction[unknown] = -total * pow(row[unknown], -1, PRIME) % PRIME
    return direction


def _immovable(rows: Sequence[Row[V]]) -> set[V]:
    """The unknowns that are zero in every solution, without negative values, of these equations set to zero."""
    steps, fixed, rest = _substitute(rows)
    fixed |= {unknown for unknown, value in _balance(rest).items() if value < _ZERO}
    for unknown, row in reversed(steps):
        if all(other in fixed for other in row if other != unknown):
            fixed.add(unknown)
    return fixed


def _substitute(rows: Sequence[Row[V]]) -> tuple[list[tuple[V, Row[V]]], set[V], list[Row[V]]]:
    """Solve what needs no balancing: the steps, the unknowns that are zero, and the equations that are left.

    The unknowns of an equation with one sign are zero. An unknown that is alone on its side of an equation is the sum
    of the others, so never negative: it is replaced by them.
    """
    active = [dict(row) for row in rows]
    users = _users(active)
    steps: list[tuple[V, Row[V]]] = []
    fixed: set[V] = set()
    queue = [(len(row), number) for number, row in enumerate(active)]
    heapq.heapify(queue)
    while queue:
        _, number = heapq.heappop(queue)
        row = active[number]
        plus = [unknown for unknown, coefficient in row.items() if coefficient > 0]
        minus = [unknown for unknown, coefficient in row.items() if coefficient < 0]
        if not plus or not minus:
            fixed.update(row)
            for unknown in list(row):
                for target in users[unknown]:
                    del active[target][unknown]
                    heapq.heappush(queue, (len(active[target]), target))
                users[unknown].clear()
            continue
        alone = [*(plus if len(plus) == 1 else ()), *(minus if len(minus) == 1 else ())]
        if not alone:
            continue
        unknown = min(alone, key=lambda one: len(users[one]))
        if (len(users[unknown]) - 1) * len(row) > _FILL:
            continue
        for other in row:
            users[other].discard(number)
        for target in list(users[unknown]):
            _subtract(active[target], row, unknown, users, target)
            heapq.heappush(queue, (len(active[target]), target))
        steps.append((unknown, row))
        active[number] = {}
    return steps, fixed, [row for row in active if row]


def _users(rows: Iterable[Row[V]]) -> dict[V, set[int]]:
    """By unknown the numbers of the equations that name it."""
    users: dict[V, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for unknown in row:
            users[unknown].add(number)
    return users


def _balance(rows: Sequence[Row[V]]) -> dict[V, float]:
    """Positive values with which both sides of every equation are equal, zero where there are none."""
    values = {unknown: 1.0 for row in rows for unknown in row}
    live = [([(u, c) for u, c in row.items() if c > 0], [(u, -c) for u, c in row.items() if c < 0]) for row in rows]
    for _ in range(_ROUNDS):
        worst = 0.0
        for plus, minus in live:
            left, right = _sum(plus, values), _sum(minus, values)
            if left <= _NOTHING or right <= _NOTHING:
                values.update(dict.fromkeys((u for u, _ in (*plus, *minus)), 0.0))
                continue
            worst = max(worst, abs(left - right) / (left + right))
            factor = (right / left) ** 0.5
            for unknown, _ in plus:
                values[unknown] *= factor
            for unknown, _ in minus:
                values[unknown] /= factor
        if worst < _BALANCED:
            return values
    for plus, minus in live:
        left, right = _sum(plus, values), _sum(minus, values)
        if abs(left - right) > 1000 * _BALANCED * (left + right):
            values.update(dict.fromkeys((u for u, _ in (*plus, *minus)), 0.0))
    return values


def _sum(side: Iterable[tuple[V, int]], values: Mapping[V, float]) -> float:
    return sum([coefficient * values[unknown] for unknown, coefficient in side])
