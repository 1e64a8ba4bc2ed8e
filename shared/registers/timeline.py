"""Looks up what is valid on a date, by bisection."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """A step function over dates: `values[i]` holds from `starts[i]` until `starts[i + 1]`."""

    starts: list[date]
    values: list[T]
    gap: T

    @classmethod
    def build(cls, spans: Sequence[tuple[date | None, date | None, T]], gap: T) -> "Timeline[T]":
        """Build a timeline from half-open spans that do not overlap. A span without an end lasts until the next begins.

        `gap` is the value before, between and after the spans.
        """
        starts, values = [date.min], [gap]
        for start, end, value in sorted(spans, key=lambda span: span[0] or date.min):
            begin = start or date.min
            if starts[-1] == begin:
                values[-1] = value
            else:
                starts.append(begin)
                values.append(value)
            if end is not None:
                starts.append(end)
                values.append(gap)
        return cls(starts, values, gap)

    def at(self, day: date) -> T:
        return self.values[bisect_right(self.starts, day) - 1]
