"""Additive differences of figures, pure: what a changed fact adds to and takes from its buckets.

A measure is a group of integer counts under the same keys. A contribution says in which counts of one place one
fact counts `+1` (or another whole number); a change of a fact is its new contributions minus its old ones.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from operator import add
from typing import NamedTuple


@dataclass(frozen=True, slots=True, eq=False)  # one object a measure: hashing it is a third of folding otherwise
class Measure:
    """A group of counts that share their keys: `codes` are the keys beside place, `counts` the numbers.

    `sums` are those of them that add up numbers of senders, which may together be more than 64 bits hold.
    """

    name: str
    codes: tuple[str, ...]
    counts: tuple[str, ...]
    sums: frozenset[str] = frozenset()


class Dimensions(NamedTuple):
    """Where a fact counts: local day, row of the unit register valid on it, channel and segment."""

    day: date
    unit_row: int
    channel: str
    segment: str


class Contribution(NamedTuple):
    """What is added at one place: `amount` in each of `columns`, positions in the measure's counts."""

    measure: Measure
    dimensions: Dimensions
    codes: tuple[str, ...]
    columns: tuple[int, ...]
    amount: int = 1


BucketRow = tuple[tuple[object, ...], tuple[int, ...]]
"""Key values in the table's order, and the difference of every count."""


class Deltas:
    """Differences gathered over many facts of one county; places that come to nothing vanish."""

    def __init__(self) -> None:
        self._counts: dict[Measure, dict[tuple[Dimensions, tuple[str, ...]], list[int]]] = defaultdict(dict)

    def add(self, contributions: Iterable[Contribution], sign: int = 1) -> None:
        """Add contributions, or take them away with sign -1."""
        by_measure = self._counts
        for measure, dimensions, codes, columns, amount in contributions:
            places = by_measure[measure]
            counts = places.get((dimensions, codes))
            if counts is None:
                counts = places[dimensions, codes] = [0] * len(measure.counts)
            for column in columns:
                counts[column] += sign * amount

    def places(self) -> int:
        """How many places are held."""
        return sum(map(len, self._counts.values()))

    def measures(self) -> set[Measure]:
        """The measures that anything was added to."""
        return set(self._counts)

    def by_day(self, measure: Measure) -> list[BucketRow]:
        """Rows (day, unit_row, *codes) of the measure, sorted by key."""
        return self._rows(measure, lambda dimensions: (dimensions.day, dimensions.unit_row))

    def by_month(self, measure: Measure) -> list[BucketRow]:
        """Rows (first day of month, unit_row, channel, segment, *codes) of the measure, sorted by key."""
        return self._rows(measure, lambda dimensions: (dimensions.day.replace(day=1), *dimensions[1:]))

    def _rows(self, measure: Measure, key_of: Callable[[Dimensions], tuple[object, ...]]) -> list[BucketRow]:
        rows: dict[tuple[object, ...], list[int]] = {}
        for (dimensions, codes), counts in self._counts.get(measure, {}).items():
            key = (*key_of(dimensions), *codes)
            row = rows.get(key)
            rows[key] = counts if row is None else list(map(add, row, counts))
        return sorted((key, tuple(counts)) for key, counts in rows.items() if any(counts))
