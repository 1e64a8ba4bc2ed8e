"""What an attacker computes from one publication: the hidden counts that have one possible value.

The attacker knows how published counts add up, every count that is shown, and that a hidden count is a whole number of
at least 1. A hidden count *follows* when it has the same value in every solution of all that. The true counts are one
solution, so a count does not follow when they can be moved: along a direction that keeps every sum, changes this
count, and does not lower a count that is at its bound (a *tight* one).

1. Counts that are not tight are eliminated from the equations (Gauss-Jordan). What is left are equations of tight
   counts only, along whose directions no count may fall.
2. A tight count in such an equation with one sign only cannot move. The others are scaled until every equation balances
   (iterative proportional fitting, whose limit is positive wherever any solution is positive); what goes to zero cannot
   move either.
3. With the counts that cannot move taken as known, the others follow exactly if the equations determine them.

Step 2 stops after a bounded number of rounds and then takes what is not balanced as fixed: more may be hidden than has
to be, never less.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

V = TypeVar("V", bound=Hashable)
Row = dict[V, int]
"""The hidden counts of an equation with their signs; what they sum to is known."""

PRIME: Final = (1 << 61) - 1
"""Elimination is modulo a prime, so that coefficients stay small: what is unique over the rationals is unique modulo
almost every prime."""
_ROUNDS: Final = 200
_BALANCED: Final = 1e-6
_ZERO: Final = 1e-4
_NOTHING: Final = 1e-16


def follows(rows: Iterable[Mapping[V, int]], values: Mapping[V, int]) -> set[V]:
    """The hidden counts that follow from the equations. `values` are the true ones, of which each is at least 1."""
    found: set[V] = set()
    for component in components([dict(row) for row in rows if row]):
        fixed = _immovable(_of_tight(component, _tight(component, values)))
        left = [{unknown: sign for unknown, sign in row.items() if unknown not in fixed} for row in component]
        found |= fixed
        found |= {unknown for unknown, row in _eliminate(left, ())[0].items() if len(row) == 1}
    return found


def _tight(rows: Iterable[Row[V]], values: Mapping[V, int]) -> set[V]:
    """The counts that are at their bound, 1. Where most counts are 1 or 2, those of 2 are taken for tight, too: a count
    falls by a whole number, so that half a step, which the equations may leave, is none.
    """
    unknowns = {unknown for row in rows for unknown in row}
    low = {unknown for unknown in unknowns if values[unknown] <= 2}
    return low if 2 * len(low) > len(unknowns) else {unknown for unknown in low if values[unknown] == 1}


def components(rows: Sequence[Row[V]]) -> list[list[Row[V]]]:
    """Equations grouped by the unknowns that they share."""
    roots: dict[V, V] = {}

    def root(node: V) -> V:
        while roots.setdefault(node, node) != node:
            roots[node] = node = roots[roots[node]]
        return node

    for row in rows:
        first = root(next(iter(row)))
        for other in row:
            roots[root(other)] = first
    grouped: dict[V, list[Row[V]]] = defaultdict(list)
    for row in rows:
        grouped[root(next(iter(row)))].append(row)
    return list(grouped.values())


def _of_tight(rows: Iterable[Row[V]], tight: Collection[V]) -> list[Row[V]]:
    """The equations of tight counts alone that follow from the rows, with signed coefficients."""
    _, rest = _eliminate(rows, tight)
    return [{u: c if c <= PRIME // 2 else c - PRIME for u, c in row.items()} for row in rest]


def _eliminate(rows: Iterable[Row[V]], kept: Collection[V]) -> tuple[dict[V, Row[V]], list[Row[V]]]:
    """Gauss-Jordan elimination of every unknown that is not to be kept: by unknown its equation, in which no other
    eliminated one is left, and the equations of kept ones alone. Short equations come first, and the unknown that
    others name least is eliminated: that keeps equations short.
    """
    solved: dict[V, Row[V]] = {}
    users: dict[V, set[V]] = defaultdict(set)  # by unknown the solved ones whose equations name it
    rest: list[Row[V]] = []
    for start in sorted(rows, key=len):
        row = dict(start)
        for unknown in [u for u in row if u in solved]:
            _subtract(row, solved[unknown], row[unknown])
        candidates = [u for u in row if u not in kept]
        if not candidates:
            rest.extend([row] if row else [])
            continue
        pivot = min(candidates, key=lambda u: len(users[u]))
        inverse = pow(row[pivot], -1, PRIME)
        row = {u: c * inverse % PRIME for u, c in row.items()}
        for other in users.pop(pivot, ()):
            target = solved[other]
            _subtract(target, row, target[pivot])
            for unknown in row.keys() - {pivot}:
                (users[unknown].add if unknown in target else users[unknown].discard)(other)
        solved[pivot] = row
        for unknown in row.keys() - {pivot}:
            users[unknown].add(pivot)
    return solved, rest


def _subtract(row: Row[V], other: Mapping[V, int], factor: int) -> None:
    for unknown, coefficient in other.items():
        left = (row.get(unknown, 0) - factor * coefficient) % PRIME
        if left:
            row[unknown] = left
        else:
            row.pop(unknown, None)


def _immovable(rows: list[Row[V]]) -> set[V]:
    """The unknowns that are zero in every solution, without negative values, of these equations set to zero."""
    fixed: set[V] = set()
    live = rows
    while True:
        live = [left for row in live if (left := {u: c for u, c in row.items() if u not in fixed})]
        one_sided = [row for row in live if len({c > 0 for c in row.values()}) == 1]
        if not one_sided:
            return fixed | {unknown for unknown, value in _balance(live).items() if value < _ZERO}
        fixed.update(*one_sided)


def _balance(rows: Sequence[Row[V]]) -> dict[V, float]:
    """Positive values with which both sides of every equation are equal, zero where there are none."""
    values = {unknown: 1.0 for row in rows for unknown in row}
    live = [(row, [u for u, c in row.items() if c > 0], [u for u, c in row.items() if c < 0]) for row in rows]
    for _ in range(_ROUNDS):
        worst = 0.0
        for row, plus, minus in live:
            left, right = (sum(abs(row[u]) * values[u] for u in side) for side in (plus, minus))
            if left <= _NOTHING or right <= _NOTHING:
                values.update(dict.fromkeys(row, 0.0))
                continue
            worst = max(worst, abs(left - right) / (left + right))
            factor = (right / left) ** 0.5
            for unknown in plus:
                values[unknown] *= factor
            for unknown in minus:
                values[unknown] /= factor
        if worst < _BALANCED:
            return values
    for row, plus, minus in live:
        left, right = (sum(abs(row[u]) * values[u] for u in side) for side in (plus, minus))
        if abs(left - right) > 1000 * _BALANCED * (left + right):
            values.update(dict.fromkeys(row, 0.0))
    return values
