"""Files of events: lines as they come, numbered as in the file; packed or not; in the one encoding."""

import asyncio
import gzip
import os
from io import BufferedReader, BytesIO, RawIOBase

import pytest
from cramjam import zstd

from shared.encoding import wide_encoding
from shared.event_files import UnreadableFileError, chunks
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
    found = list(chunks(BufferedReader(Dripping(b"".join(LINES), size))))
    numbered = [(first + place, line) for first, chunk in found for place, line in enumerate(chunk)]
    assert numbered == list(enumerate(LINES, 1))


async def test_a_line_is_there_before_the_next_one_is_sent() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as feed, os.fdopen(writing, "wb", buffering=0) as sender:
        found = chunks(feed)
        for number, line in enumerate(LINES[:4], 1):
            sender.write(line)
            assert await asyncio.wait_for(asyncio.to_thread(next, found), PATIENCE_S) == (number, [line])


def lines_of(content: bytes, size: int = 1_000_000) -> list[bytes]:
    """The lines, of a file that gives at most so many bytes at a time."""
    return [line for _, lines in chunks(BufferedReader(Dripping(content, size))) for line in lines]


MARK = b"\xef\xbb\xbf"
EVENTS = b'{"id":"1"}\n{"id":"\xc3\xa4"}\n'


def packed(content: bytes) -> list[bytes]:
    """The content in all forms that are read."""
    half = len(content) // 2
    return [
        content,
        gzip.compress(content, mtime=0),
        gzip.compress(content[:half], mtime=0) + gzip.compress(content[half:], mtime=0) + b"\0" * 512,
        bytes(zstd.compress(content)),
        bytes(zstd.compress(content[:half])) + bytes(zstd.compress(content[half:])),
    ]


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
@pytest.mark.parametrize("form", range(5))
def test_packed_files_have_the_same_lines(form: int, size: int) -> None:
    assert lines_of(packed(EVENTS)[form], size) == EVENTS.splitlines(keepends=True)
    assert lines_of(packed(MARK + EVENTS)[form], size) == EVENTS.splitlines(keepends=True)


def test_the_bytes_read_are_announced_as_they_stand_in_the_file() -> None:
    for content in packed(EVENTS * 1000):
        read: list[int] = []
        assert sum(len(lines) for _, lines in chunks(BytesIO(content), read.append)) == 2000
        assert sum(read) == len(content)


def test_one_byte_order_mark_is_skipped_at_the_start_and_nowhere_else() -> None:
    assert lines_of(MARK) == []
    assert lines_of(MARK + b"\n" + EVENTS)[0] == b"\n"
    assert lines_of(MARK + MARK + EVENTS)[0] == MARK + b'{"id":"1"}\n'
    assert lines_of(EVENTS + MARK + EVENTS)[2] == MARK + b'{"id":"1"}\n'


@pytest.mark.parametrize("content", packed(EVENTS * 100)[1:])
def test_packed_data_that_is_cut_short_or_damaged_ends_in_a_sentence(content: bytes) -> None:
    last = content.rstrip(b"\0")
    for broken in (last[:-5], content[:15], content[:12] + b"\xff" * 40):
        with pytest.raises(UnreadableFileError, match=r"^its (gzip|zstd) data is .*(damaged|cut short)\.$"):
            lines_of(broken)


@pytest.mark.parametrize("size", [1, 1_000_000])
@pytest.mark.parametrize(
    ("codec", "name"),
    [
        *[(codec, "UTF-16") for codec in ("utf-16", "utf-16-le", "utf-16-be")],
        *[(codec, "UTF-32") for codec in ("utf-32", "utf-32-le", "utf-32-be")],
    ],
)
@pytest.mark.parametrize("text", ['{"id":"1"}\n{"id":"2"}', '\ufeff{"id":"ä"}\r\n', '{"id":"ä"}', '[\n"\u010a"\n]'])
def test_wide_encodings_are_named(text: str, codec: str, name: str, size: int) -> None:
    with pytest.raises(UnreadableFileError) as error:
        lines_of(text.encode(codec), size)
    assert str(error.value) == f"it is {name}; save it as UTF-8."


@pytest.mark.parametrize(
    "line",
    [
        *('{"id":"1"}'.encode(codec) for codec in ("utf-16", "utf-16-be", "utf-32")),
        b"\0",
        b"\0\1\2",
        b"a\0",
        b"\xff\xfe",
    ],
)
def test_one_odd_line_does_not_make_a_file_of_another_encoding(line: bytes) -> None:
    assert lines_of(line + b"\n" + EVENTS)[0] == line + b"\n"
    assert wide_encoding(line + b"\n" + EVENTS) is None


@pytest.mark.parametrize("size", [1, 13, 1_000_000])
@pytest.mark.parametrize("ends", ["\r", "\r\r", " \r\t"])
def test_line_ends_of_cr_alone_are_named(ends: str, size: int) -> None:
    content = f'{{"id":"1"}}{ends}{{"id":"2"}}{ends}'.encode()
    for file in packed(content):
        with pytest.raises(
            UnreadableFileError, match=r"^its lines end with CR alone; save it as UTF-8 with LF or CRLF"
        ):
            lines_of(file, size)


def test_cr_is_white_space_within_an_event() -> None:
    for content in (b'{"id":\r"1"}\r', b'\r{"id":"1"}\r\n{"id":"2"}\r\n', b'{"a":{}\r,"b":{}}\n'):
        assert b"".join(lines_of(content)) == content
