"""Which known counts prove a hidden one: if any of them were hidden too, the proof would fail.

The proof of a count is a sum of equations in which every hidden count but this one cancels or is known. Known counts
stay in the equations as symbols, so those that are left in the sum are those that the proof uses.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from shared.disclosure.elimination import Row, Step, eliminate
from shared.disclosure.inference import PRIME
from shared.disclosure.nonnegative import Substitution


def proofs(
    rows: Sequence[Row[int]], tight: Collection[int], symbols: Collection[int], wanted: Iterable[int]
) -> dict[int, set[int]]:
    """The wanted counts that follow from the equations, as in `inference`, with symbols of their proofs: those without
    which the proof fails. `tight` are unknowns and symbols. Counts that need balancing are left out.
    """
    steps, rest = eliminate(rows, {*tight, *symbols})
    solved = Substitution(rest, symbols)
    zero = solved.zero
    known = {*symbols, *zero}
    more, _ = eliminate(solved.rest, known)
    values = _Values([*steps, *solved.steps, *more])
    symbols_of = _symbols_of(zero, tight)
    found: dict[int, set[int]] = {}
    for one in wanted:
        if one in zero:
            found[one] = symbols_of[one]
        elif (value := values.of(one)).keys() <= known:
            found[one] = _resolved(value, symbols_of)
    return found


def _symbols_of(zero: Mapping[int, Row[int]], tight: Collection[int]) -> dict[int, set[int]]:
    """By unknown the symbols of its equation, else those of the unknowns that it names, found to be zero earlier.

    A tight count with the sign of the unknowns cannot make up for any of them.
    """
    found: dict[int, set[int]] = {}
    for unknown, known in zero.items():
        found[unknown] = _resolved([one for one in known if known[one] < 0 or one not in tight], found)
    return found


def _resolved(known: Iterable[int], symbols_of: Mapping[int, set[int]]) -> set[int]:
    own = {one for one in known if one not in symbols_of}
    return own or set().union(*(symbols_of[one] for one in known))


class _Values:
    """Counts by those that they are computed from, with coefficients modulo a prime."""

    def __init__(self, steps: Sequence[Step[int]]) -> None:
        self._steps = {unknown: (number, row) for number, (unknown, row) in enumerate(steps)}
        self._known: dict[int, Row[int]] = {}

    def of(self, wanted: int) -> Row[int]:
        """A count by counts that nothing computes. A step names unknowns of later steps only."""
        needed, waiting = {wanted}, [wanted]
        while waiting:
            _, row = self._steps.get(waiting.pop(), (0, {}))
            new = [one for one in row if one not in needed and one not in self._known]
            waiting += new
            needed.update(new)
        for unknown in sorted(needed & self._steps.keys(), key=lambda one: -self._steps[one][0]):
            self._known[unknown] = self._value(unknown, self._steps[unknown][1])
        return self._known.get(wanted, {wanted: 1})

    def _value(self, unknown: int, row: Row[int]) -> Row[int]:
        total: Row[int] = {}
        for other, coefficient in row.items():
            if other != unknown:
                for name, factor in self._known.get(other, {other: 1}).items():
                    total[name] = (total.get(name, 0) + coefficient * factor) % PRIME
        own = row[unknown]
        inverse = -own if own in (1, -1) else -pow(own, -1, PRIME)
        return {name: factor * inverse % PRIME for name, factor in total.items() if factor}
