"""Deltas of figures, pure: what a changed fact adds to and subtracts from its buckets.

A measure is a group of integer counts with the same keys. A contribution adds `+1` (or another integer) to some
counts of one bucket. The delta of a changed fact is its new contributions minus its old ones.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
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
"""Key values in order, and the delta of every count."""


class Deltas:
    """Deltas collected over many facts of one county. Rows whose counts are all zero are left out."""

    def __init__(self) -> None:
        self._counts: dict[Measure, dict[tuple[object, ...], list[int]]] = defaultdict(dict)

    def add(self, contributions: Iterable[Contribution], sign: int = 1) -> None:
        """Add contributions, or subtract them with sign -1."""
        by_measure = self._counts
        for measure, dimensions, codes, columns, amount in contributions:
            by_key, key = by_measure[measure], dimensions + codes
            counts = by_key.get(key)
            if counts is None:
                counts = by_key[key] = [0] * len(measure.counts)
            for column in columns:
                counts[column] += sign * amount

    def size(self) -> int:
        """Return how many keys are held."""
        return sum(map(len, self._counts.values()))

    def rows(self) -> dict[Measure, list[BucketRow]]:
        """Return the rows (day, unit_row, channel, segment, *codes) of each measure that has any, by name."""
        found: dict[Measure, list[BucketRow]] = {}
        for measure in sorted(self._counts, key=attrgetter("name")):
            rows = [(key, tuple(counts)) for key, counts in self._counts[measure].items() if any(counts)]
            if rows:
                found[measure] = rows
        return found
