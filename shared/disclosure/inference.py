"""What an attacker computes from one publication: the hidden counts that have one possible value.

The attacker knows how published counts add up, every count that is shown, and the least value of a hidden count. A
hidden count *follows* when it has the same value in every solution of all that. A hidden count that is at its least
value is *tight*. The true counts are one solution; another differs from it by a vector of the null space of the
equations (a *direction*) that is not negative at tight counts. So a count follows if it is 0 in all such vectors.

1. Counts that are not tight are eliminated from the equations. What is left are equations of tight counts only, along
   which no count may fall.
2. `nonnegative` finds the tight counts that are 0 in all vectors that solve these.
3. With those taken as known, another count follows if it is 0 in the whole null space. A random vector of it tests
   this: a count that is not 0 everywhere is almost never 0 there.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from shared.disclosure.elimination import Row, Step, eliminate
from shared.disclosure.nonnegative import zeros

V = TypeVar("V", bound=Hashable)

PRIME: Final = (1 << 61) - 1
"""Directions are computed modulo a prime: what is zero in a random one is zero in all of them, almost surely."""
_SEED: Final = 20260101


def follows(rows: Iterable[Mapping[V, int]], tight: Collection[V]) -> set[V]:
    """The hidden counts that follow from the equations, where those of `tight` are at their least value."""
    live = [row for row in map(dict, rows) if row]
    steps, rest = eliminate(live, tight)
    zero, tight_steps = zeros(rest)
    direction = _random_direction(live, zero, [*steps, *tight_steps])
    return {unknown for unknown, value in direction.items() if value == 0}


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


def _random_direction(rows: Iterable[Row[V]], fixed: Collection[V], steps: Sequence[Step[V]]) -> dict[V, int]:
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
