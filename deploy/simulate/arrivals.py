"""Sorts events by arrival; they are made in the order in which things happen."""

from collections.abc import Iterator
from operator import itemgetter

from deploy.simulate.calendar import DAY, Calendar


class Arrivals:
    """Lines by day of arrival. Lines that would arrive after the end of the simulation are dropped."""

    def __init__(self, calendar: Calendar) -> None:
        self._start = calendar.starts[0]
        self._end = calendar.end
        self._days: list[list[tuple[int, bytes]]] = [[] for _ in range(calendar.days + 2)]

    def add(self, at: int, line: bytes) -> None:
        if at < self._end:
            self._days[(at - self._start) // DAY].append((at, line))

    def take(self, day: int) -> Iterator[bytes]:
        """The lines of a day in order of arrival. The sort is stable: equal instants keep the order of creation."""
        lines = self._days[day]
        self._days[day] = []
        lines.sort(key=itemgetter(0))
        for _, line in lines:
            yield line
