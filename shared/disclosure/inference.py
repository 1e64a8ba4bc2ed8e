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
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from shared.disclosure.elimination import Elimination, Step
from shared.disclosure.nonnegative import zeros

V = TypeVar("V", bound=Hashable)

PRIME: Final = (1 << 61) - 1
"""Directions are computed modulo a prime: what is zero in a random one is zero in all of them, almost surely."""
_SEED: Final = 20260101


def follows(rows: Iterable[Mapping[V, int]], tight: Collection[V]) -> set[V]:
    """The hidden counts that follow from the equations, where those of `tight` are at their least value."""
    return following(Elimination(map(dict, rows)), tight)


def following(equations: Elimination[V], tight: Collection[V]) -> set[V]:
    """The same of equations that may be solved in part: none of `tight` is eliminated."""
    equations.eliminate(tight)
    zero, tight_steps = zeros(equations.rest())
    direction = _random_direction(zero, [*equations.steps, *tight_steps])
    return {unknown for unknown, value in direction.items() if value == 0}


def _random_direction(fixed: Collection[V], steps: Sequence[Step[V]]) -> dict[V, int]:
    """A direction that keeps every sum and moves everything that can be moved, modulo a prime."""
    chance = random.Random(_SEED)
    direction = dict.fromkeys(fixed, 0)
    for unknown, row in reversed(steps):
        own, total = row[unknown], 0
        for other, coefficient in row.items():
            if other != unknown:
                if other not in direction:
                    direction[other] = chance.randrange(1, PRIME)
                total += coefficient * direction[other]
        direction[unknown] = -total * (own if own in (1, -1) else pow(own, -1, PRIME)) % PRIME
    return direction
