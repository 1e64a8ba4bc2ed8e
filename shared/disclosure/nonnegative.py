"""Unknowns of equations that are never negative: which of them must be zero.

Exact where substitution solves the equations. What is left is balanced (iterative proportional fitting) for a bounded
number of rounds; what is not balanced then is taken for zero: more may be hidden than has to be, never less.
"""

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from shared.disclosure.elimination import Row, Step, subtract, users_of

V = TypeVar("V", bound=Hashable)
_ROUNDS: Final = 200
_BALANCED: Final = 1e-6
_ZERO: Final = 1e-4
_NOTHING: Final = 1e-16
_FILL: Final = 5000
"""Entries that a substitution may add: what would take more is left to balancing."""


def zeros(rows: Sequence[Row[V]]) -> set[V]:
    """The unknowns that are zero in every solution, without negative values, of these equations set to zero."""
    steps, fixed, rest = _substitute(rows)
    fixed |= {unknown for unknown, value in _balance(rest).items() if value < _ZERO}
    for unknown, row in reversed(steps):
        if all(other in fixed for other in row if other != unknown):
            fixed.add(unknown)
    return fixed


def _substitute(rows: Sequence[Row[V]]) -> tuple[list[Step[V]], set[V], list[Row[V]]]:
    """Solve what needs no balancing: the steps, the unknowns that are zero, and the equations that are left.

    The unknowns of an equation with one sign are zero. An unknown that is alone on its side of an equation is the sum
    of the others, so never negative: it is replaced by them.
    """
    active = [dict(row) for row in rows]
    users = users_of(active)
    steps: list[Step[V]] = []
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
            subtract(active[target], row, unknown, users, target)
            heapq.heappush(queue, (len(active[target]), target))
        steps.append((unknown, row))
        active[number] = {}
    return steps, fixed, [row for row in active if row]


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
