"""Event files: lines are unchanged and numbered; files may be compressed; only UTF-8 is accepted."""

import asyncio
import gzip
import os
from io import BufferedReader, BytesIO, RawIOBase

import pytest
from cramjam import zstd

from shared.encoding import wide_encoding
from shared.event_files import UnreadableFileError, chunks
from tests.deadlines import DEADLINE_S

LINES = [b"a" * 10 + b"\n", b"\n", b"b\n", b"c" * 40 + b"\n", b"last without a line end"]


class ShortReads(RawIOBase):
    """Returns at most `size` bytes per read."""

    def __init__(self, content: bytes, size: int) -> None:
        self._file, self._size = BytesIO(content), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = self._file.read(min(self._size, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("size", [1, 7, 11, 1000])
def test_each_line_is_read_once_with_its_number_for_any_read_size(size: int) -> None:
    found = list(chunks(BufferedReader(ShortReads(b"".join(LINES), size))))
    numbered = [(first + index, line) for first, chunk in found for index, line in enumerate(chunk)]
    assert numbered == list(enumerate(LINES, 1))


async def test_line_of_a_pipe_is_available_before_the_next_is_written() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader, os.fdopen(write_end, "wb", buffering=0) as writer:
        found = chunks(reader)
        for number, line in enumerate(LINES[:4], 1):
            writer.write(line)
            assert await asyncio.wait_for(asyncio.to_thread(next, found), DEADLINE_S) == (number, [line])


def lines_of(content: bytes, size: int = 1_000_000) -> list[bytes]:
    """Return the lines of a file that returns at most `size` bytes per read."""
    return [line for _, lines in chunks(BufferedReader(ShortReads(content, size))) for line in lines]


BOM = b"\xef\xbb\xbf"
EVENTS = b'{"id":"1"}\n{"id":"\xc3\xa4"}\n'


def forms_of(content: bytes) -> list[bytes]:
    """Return the content uncompressed and in every supported form of compression."""
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
def test_compressed_files_have_the_same_lines(form: int, size: int) -> None:
    assert lines_of(forms_of(EVENTS)[form], size) == EVENTS.splitlines(keepends=True)
    assert lines_of(forms_of(BOM + EVENTS)[form], size) == EVENTS.splitlines(keepends=True)


def test_progress_counts_the_bytes_of_the_file() -> None:
    for content in forms_of(EVENTS * 1000):
        read: list[int] = []
        assert sum(len(lines) for _, lines in chunks(BytesIO(content), read.append)) == 2000
        assert sum(read) == len(content)


def test_one_byte_order_mark_is_skipped_and_only_at_the_start() -> None:
    assert lines_of(BOM) == []
    assert lines_of(BOM + b"\n" + EVENTS)[0] == b"\n"
    assert lines_of(BOM + BOM + EVENTS)[0] == BOM + b'{"id":"1"}\n'
    assert lines_of(EVENTS + BOM + EVENTS)[2] == BOM + b'{"id":"1"}\n'


@pytest.mark.parametrize("content", forms_of(EVENTS * 100)[1:])
def test_truncated_or_damaged_compressed_data_is_refused(content: bytes) -> None:
    without_padding = content.rstrip(b"\0")
    for broken in (without_padding[:-5], content[:15], content[:12] + b"\xff" * 40):
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
def test_utf_16_and_utf_32_are_refused_by_name(text: str, codec: str, name: str, size: int) -> None:
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
def test_one_odd_line_does_not_change_the_detected_encoding(line: bytes) -> None:
    assert lines_of(line + b"\n" + EVENTS)[0] == line + b"\n"
    assert wide_encoding(line + b"\n" + EVENTS) is None


@pytest.mark.parametrize("size", [1, 13, 1_000_000])
@pytest.mark.parametrize("ends", ["\r", "\r\r", " \r\t"])
def test_line_ends_of_cr_alone_are_refused(ends: str, size: int) -> None:
    content = f'{{"id":"1"}}{ends}{{"id":"2"}}{ends}'.encode()
    for file in forms_of(content):
        with pytest.raises(
            UnreadableFileError, match=r"^its lines end with CR alone; save it as UTF-8 with LF or CRLF"
        ):
            lines_of(file, size)


def test_cr_is_white_space_within_an_event() -> None:
    for content in (b'{"id":\r"1"}\r', b'\r{"id":"1"}\r\n{"id":"2"}\r\n', b'{"a":{}\r,"b":{}}\n'):
        assert b"".join(lines_of(content)) == content
