"""Where the events go: a file as fast as it takes them, or a pipe at a given pace."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import BinaryIO

CHUNK = 2_000
"""Lines written together."""

OnWritten = Callable[[int], None]


def write(lines: Iterable[bytes], out: BinaryIO, on_written: OnWritten = lambda _: None) -> int:
    """Writes every line; `on_written` hears of each chunk how many lines it had. Returns how many lines there were."""
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
    """Writes `rate` lines a second by the clock `now` (seconds), each flushed before its time is up.

    A reader that is slower than the pace holds the writer back; what was missed is caught up with.
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
