"""Events in the order in which they arrive, though they are made in the order in which things happen."""

from collections.abc import Iterator
from operator import itemgetter

from deploy.simulate.calendar import DAY, Calendar


class Arrivals:
    """Buckets by arrival day. What would arrive after the simulation's end has not arrived and is dropped."""

    def __init__(self, calendar: Calendar) -> None:
        self._start = calendar.starts[0]
        self._end = calendar.end
        self._buckets: list[list[tuple[int, bytes]]] = [[] for _ in range(calendar.days + 2)]

    def add(self, at: int, line: bytes) -> None:
        if at < self._end:
            self._buckets[(at - self._start) // DAY].append((at, line))

    def take(self, day: int) -> Iterator[bytes]:
        """The lines of a bucket; the sort is stable, so equal instants keep the order of making."""
        bucket = self._buckets[day]
        self._buckets[day] = []
        bucket.sort(key=itemgetter(0))
        for _, line in bucket:
            yield line
