"""Unknowns of equations that are never negative: which of them must be zero.

Exact where substitution solves the equations. What is left is balanced (iterative proportional fitting), a bounded
number of rounds at a time; what is not balanced then is taken for zero: more may be hidden than has to be, never less.
"""

import heapq
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from shared.disclosure.elimination import Row, Step, eliminate, substitute, users_of

V = TypeVar("V", bound=Hashable)
_ROUNDS: Final = 30
_BALANCED: Final = 1e-6
_ZERO: Final = 1e-4
_NOTHING: Final = 1e-16
_FILL: Final = 5000
"""Entries that a substitution may add: what would take more is left to balancing."""


def zeros(rows: Sequence[Row[V]]) -> tuple[set[V], list[Step[V]]]:
    """Solve equations of unknowns without negative values, set to zero. Returns unknowns that are zero in every
    solution, and steps that compute others: those are zero where all that they are computed from are.
    """
    solved = Substitution(rows)
    fixed = {*solved.zero, *(unknown for unknown, value in _balance(solved.rest).items() if value < _ZERO)}
    more, _ = eliminate([left for row in solved.rest if (left := {u: c for u, c in row.items() if u not in fixed})], ())
    return fixed, [*solved.steps, *more]


class Substitution(Generic[V]):
    """Solves what needs no balancing: `steps`, the unknowns that are `zero`, and the equations of the `rest`.

    The unknowns of an equation with one sign are zero. An unknown that is alone on its side of an equation is the sum
    of the others, so never negative: it is replaced by them. `symbols` are known values that stay in the equations, as
    do the unknowns that are found to be zero: each of these comes with the known values that its equation names, and
    their coefficients if its own is positive. Without symbols the equations lose known values.
    """

    def __init__(self, rows: Sequence[Row[V]], symbols: Collection[V] | None = None) -> None:
        self.steps: list[Step[V]] = []
        self.zero: dict[V, Row[V]] = {}
        self._keep_known = symbols is not None
        self._known = set(symbols or ())
        self._rows = [dict(row) for row in rows]
        self._users = users_of(self._rows)
        self._queue = [(len(row), number) for number, row in enumerate(self._rows)]
        heapq.heapify(self._queue)
        while self._queue:
            length, number = heapq.heappop(self._queue)
            if length == len(self._rows[number]):  # else it waits again since it changed
                self._solve(number)
        self.rest = [row for row in self._rows if row]

    def _solve(self, number: int) -> None:
        row, known = self._rows[number], self._known
        plus: list[V] = []
        minus: list[V] = []
        for unknown, coefficient in row.items():
            if unknown not in known:
                (plus if coefficient > 0 else minus).append(unknown)
                if len(plus) > 1 and len(minus) > 1:
                    return
        if not plus or not minus:
            self._set_to_zero(plus or minus, row, 1 if plus else -1)
        elif len(plus) == 1 or len(minus) == 1:
            alone = [*(plus if len(plus) == 1 else ()), *(minus if len(minus) == 1 else ())]
            unknown = min(alone, key=lambda one: len(self._users[one]))
            if (len(self._users[unknown]) - 1) * len(row) <= _FILL:
                self._replace(unknown, number)

    def _set_to_zero(self, unknowns: Sequence[V], row: Row[V], sign: int) -> None:
        symbols = {other: sign * row[other] for other in row if other in self._known}
        for unknown in unknowns:
            self.zero[unknown] = symbols
            for target in self._users[unknown]:
                if not self._keep_known:
                    del self._rows[target][unknown]
                heapq.heappush(self._queue, (len(self._rows[target]), target))
            if not self._keep_known:
                self._users[unknown].clear()
        if self._keep_known:
            self._known.update(unknowns)

    def _replace(self, unknown: V, number: int) -> None:
        self.steps.append((unknown, self._rows[number]))
        for target, _, _ in substitute(self._rows, self._users, unknown, number):
            heapq.heappush(self._queue, (len(self._rows[target]), target))


_Side = list[tuple[V, int]]


def _balance(rows: Sequence[Row[V]]) -> dict[V, float]:
    """Positive values with which both sides of every equation are equal, zero where none are found.

    Where equations stay unbalanced, their unknowns are set to zero, and the others are balanced again.
    """
    values = {unknown: 1.0 for row in rows for unknown in row}
    live = [([(u, c) for u, c in row.items() if c > 0], [(u, -c) for u, c in row.items() if c < 0]) for row in rows]
    while True:
        for _ in range(_ROUNDS):
            if _balance_once(live, values) < _BALANCED:
                return values
        uneven = [(_imbalance(plus, minus, values), plus, minus) for plus, minus in live]
        limit = max(_BALANCED, max(found for found, _, _ in uneven) / 10)
        for found, plus, minus in uneven:
            if found >= limit:
                values.update(dict.fromkeys((u for u, _ in (*plus, *minus)), 0.0))
        live = [(plus, minus) for plus, minus in live if any(values[u] for u, _ in (*plus, *minus))]


def _balance_once(equations: Iterable[tuple["_Side[V]", "_Side[V]"]], values: dict[V, float]) -> float:
    """Scale the sides of each equation to their geometric mean. Returns the greatest imbalance before."""
    worst = 0.0
    for plus, minus in equations:
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
    return worst


def _imbalance(plus: "_Side[V]", minus: "_Side[V]", values: Mapping[V, float]) -> float:
    left, right = _sum(plus, values), _sum(minus, values)
    return abs(left - right) / (left + right) if left + right else 0.0


def _sum(side: Iterable[tuple[V, int]], values: Mapping[V, float]) -> float:
    return sum([coefficient * values[unknown] for unknown, coefficient in side])
