"""Deltas of figures, pure: what a changed fact adds to and subtracts from its buckets.

A measure is a group of integer counts with the same keys. A contribution adds `+1` (or another integer) to some
counts of one bucket. The delta of a changed fact is its new contributions minus its old ones.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from operator import add
from typing import NamedTuple


@dataclass(frozen=True, slots=True, eq=False)  # hashed by identity: hashing by value takes a third of folding
class Measure:
    """A group of counts with the same keys. `codes` are the keys beside the dimensions, `counts` the numbers.

    `sums` are the counts that add up senders' numbers, whose total may exceed 64 bits.
    """

    name: str
    codes: tuple[str, ...]
    counts: tuple[str, ...]
    sums: frozenset[str] = frozenset()


class Dimensions(NamedTuple):
    """The dimensions of a contribution: local day, row of the unit register valid on it, channel and segment."""

    day: date
    unit_row: int
    channel: str
    segment: str


class Contribution(NamedTuple):
    """What a fact adds to one bucket: `amount` in each of `columns`, which are indexes into the measure's counts."""

    measure: Measure
    dimensions: Dimensions
    codes: tuple[str, ...]
    columns: tuple[int, ...]
    amount: int = 1


BucketRow = tuple[tuple[object, ...], tuple[int, ...]]
"""Key values in the table's order, and the delta of every count."""


class Deltas:
    """Deltas collected over many facts of one county. Rows whose counts are all zero are left out."""

    def __init__(self) -> None:
        self._counts: dict[Measure, dict[tuple[Dimensions, tuple[str, ...]], list[int]]] = defaultdict(dict)

    def add(self, contributions: Iterable[Contribution], sign: int = 1) -> None:
        """Add contributions, or subtract them with sign -1."""
        by_measure = self._counts
        for measure, dimensions, codes, columns, amount in contributions:
            by_key = by_measure[measure]
            counts = by_key.get((dimensions, codes))
            if counts is None:
                counts = by_key[dimensions, codes] = [0] * len(measure.counts)
            for column in columns:
                counts[column] += sign * amount

    def size(self) -> int:
        """Return how many keys are held."""
        return sum(map(len, self._counts.values()))

    def measures(self) -> set[Measure]:
        """Return the measures that have contributions."""
        return set(self._counts)

    def by_day(self, measure: Measure) -> list[BucketRow]:
        """Return rows (day, unit_row, *codes) of the measure, sorted by key."""
        return self._rows(measure, lambda dimensions: (dimensions.day, dimensions.unit_row))

    def by_month(self, measure: Measure) -> list[BucketRow]:
        """Return rows (first day of month, unit_row, channel, segment, *codes) of the measure, sorted by key."""
        return self._rows(measure, lambda dimensions: (dimensions.day.replace(day=1), *dimensions[1:]))

    def _rows(self, measure: Measure, key_of: Callable[[Dimensions], tuple[object, ...]]) -> list[BucketRow]:
        rows: dict[tuple[object, ...], list[int]] = {}
        for (dimensions, codes), counts in self._counts.get(measure, {}).items():
            key = (*key_of(dimensions), *codes)
            row = rows.get(key)
            rows[key] = counts if row is None else list(map(add, row, counts))
        return sorted((key, tuple(counts)) for key, counts in rows.items() if any(counts))
