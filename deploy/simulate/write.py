"""Writes events at full speed, or at a given rate."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import BinaryIO

CHUNK = 2_000
"""Lines per write."""

OnWritten = Callable[[int], None]


def write(lines: Iterable[bytes], out: BinaryIO, on_written: OnWritten = lambda _: None) -> int:
    """Write all lines and call `on_written` with the number of lines of each chunk. Returns the number of lines."""
    total = 0
    for chunk in _chunks(iter(lines)):
        out.write(b"\n".join(chunk))
        out.write(b"\n")
        total += len(chunk)
        on_written(len(chunk))
    out.flush()
    return total


def write_paced(
    lines: Iterable[bytes],
    out: BinaryIO,
    rate: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
    on_written: OnWritten = lambda _: None,
) -> int:
    """Write `rate` lines per second by the clock `now` (seconds); flush before each pause. Returns the number of lines.

    A slow reader delays the writer, which then catches up.
    """
    start, total = now(), 0
    for line in lines:
        ahead = start + total / rate - now()
        if ahead > 0:
            out.flush()
            sleep(ahead)
        out.write(line)
        out.write(b"\n")
        total += 1
        on_written(1)
    out.flush()
    return total


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk
