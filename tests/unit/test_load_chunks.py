"""How lines are cut into what is sent together: a feed as it comes, numbered as in the file."""

import asyncio
import os
from io import BufferedReader, BytesIO, RawIOBase

import pytest

from deploy.hva import load
from tests.deadlines import PATIENCE_S

LINES = [b"a" * 10 + b"\n", b"\n", b"b\n", b"c" * 40 + b"\n", b"last without an end"]


class Dripping(RawIOBase):
    """Gives a few bytes at a time."""

    def __init__(self, text: bytes, size: int) -> None:
        self._file, self._size = BytesIO(text), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = self._file.read(min(self._size, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("size", [1, 7, 11, 1000])
def test_every_line_once_with_its_number_however_it_drips(size: int) -> None:
    chunks = list(load._chunks(BufferedReader(Dripping(b"".join(LINES), size))))
    numbered = [(first + place, line) for first, chunk in chunks for place, line in enumerate(chunk)]
    assert numbered == list(enumerate(LINES, 1))


async def test_a_line_is_there_before_the_next_one_is_sent() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as feed, os.fdopen(writing, "wb", buffering=0) as sender:
        chunks = load._chunks(feed)
        for number, line in enumerate(LINES[:4], 1):
            sender.write(line)
            assert await asyncio.wait_for(asyncio.to_thread(next, chunks), PATIENCE_S) == (number, [line])
