"""Exact elimination of unknowns from sparse equations with whole coefficients."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from math import gcd
from typing import TypeVar

V = TypeVar("V", bound=Hashable)
Row = dict[V, int]
"""The unknowns of an equation with their coefficients."""
Step = tuple[V, Row[V]]
"""An eliminated unknown and an equation of it that names no unknown of an earlier step."""


def eliminate(rows: Sequence[Row[V]], kept: Collection[V]) -> tuple[list[Step[V]], list[Row[V]]]:
    """Gaussian elimination of every unknown that is not to be kept: the steps, each an unknown and an equation of it
    without those of earlier steps, and the equations of kept unknowns alone.

    The unknown that the fewest equations name goes first, by the shortest of them: that keeps equations short.
    """
    active = [dict(row) for row in rows]
    users = users_of(active)
    order = {unknown: position for position, unknown in enumerate(users)}
    queue = [(len(named), order[unknown], unknown) for unknown, named in users.items() if unknown not in kept]
    heapq.heapify(queue)
    steps: list[Step[V]] = []
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
            subtract(active[target], row, unknown, users, target)
        steps.append((unknown, row))
        active[pivot] = {}
        for other in row:
            if other not in kept and other != unknown:
                heapq.heappush(queue, (len(users[other]), order[other], other))
    return steps, [row for row in active if row]


def subtract(target: Row[V], row: Row[V], unknown: V, users: Mapping[V, set[int]], number: int) -> None:
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


def users_of(rows: Iterable[Row[V]]) -> dict[V, set[int]]:
    """By unknown the numbers of the equations that name it."""
    users: dict[V, set[int]] = defaultdict(set)
    for number, row in enumerate(rows):
        for unknown in row:
            users[unknown].add(number)
    return users
