"""Event files: plain, gzip or zstd, detected by their first bytes; UTF-8, with or without a byte order mark."""

import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from itertools import chain
from os import fsencode
from pathlib import Path
from typing import Final, Protocol, cast

from shared.encoding import BYTE_ORDER_MARK, wide_encoding

_BLOCK_BYTES: Final = 1_000_000
_PACKED_BLOCK_BYTES: Final = 10_000  # gzip expands a block by a factor of up to a thousand
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_HEAD_BYTES: Final = 64 * 1024
_CR_BETWEEN_EVENTS: Final = re.compile(rb"\}[ \t]*\r[ \t\r]*\{").search  # in no JSON text

STANDARD_INPUT: Final = Path("-")


class Blocks(Protocol):
    """A source of bytes: a buffered file, standard input, bytes in memory."""

    def read1(self, size: int, /) -> bytes: ...


class UnreadableFileError(Exception):
    """The content of a file cannot be read as lines of events; the message completes `<file>: `."""


def opened(path: Path) -> AbstractContextManager[Blocks]:
    """Open the file, or standard input for `-`."""
    return nullcontext(cast(BufferedReader, sys.stdin.buffer)) if path == STANDARD_INPUT else path.open("rb")


def readable_name(path: Path) -> str:
    """Return the name of a file as text; bytes that are not UTF-8 are escaped."""
    return fsencode(path).decode("utf-8", "backslashreplace")


def chunks(file: Blocks, advance: Callable[[int], None] = lambda size: None) -> Iterator[tuple[int, list[bytes]]]:
    """Yield lines in groups, each with the number of its first line. All available lines are yielded without waiting
    for more, so that a live feed is sent as it arrives.

    `advance` is called with the number of bytes read from the file. Raises UnreadableFileError.
    """
    first, parts = 1, list[bytes]()  # the parts of an incomplete line
    for block in _text(_unpacked(file, advance)):
        whole, end, rest = block.rpartition(b"\n")
        if first == 1:
            _refuse_cr(b"".join([*parts[-1:], block]).partition(b"\n")[0])
        if not end:
            parts.append(block)
            continue
        lines = [line + b"\n" for line in b"".join([*parts, whole]).split(b"\n")]
        yield first, lines
        first, parts = first + len(lines), [rest]
    if last := b"".join(parts):
        yield first, [last]


def _refuse_cr(line: bytes) -> None:
    if _CR_BETWEEN_EVENTS(line):
        raise UnreadableFileError("its lines end with CR alone; save it as UTF-8 with LF or CRLF at the line ends.")


def _unpacked(file: Blocks, advance: Callable[[int], None]) -> Iterator[bytes]:
    head = b""
    while len(head) < len(_ZSTD) and (block := file.read1(_PACKED_BLOCK_BYTES)):
        advance(len(block))
        head += block
    if head.startswith(_GZIP):
        return _gunzip(chain([head], _read(file, advance, _PACKED_BLOCK_BYTES)))
    blocks = chain([head], _read(file, advance, _BLOCK_BYTES))
    return _unzstd(blocks) if head.startswith(_ZSTD) else blocks


def _read(file: Blocks, advance: Callable[[int], None], size: int) -> Iterator[bytes]:
    while block := file.read1(size):
        advance(len(block))
        yield block


def _gunzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress one or several concatenated gzip members."""
    member = zlib.decompressobj(wbits=31)
    try:
        for block in blocks:
            while block := block.lstrip(b"\0") if member.eof else block:  # some tools pad a file
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(block)
                block = member.unused_data
    except zlib.error:
        raise UnreadableFileError("its gzip data is damaged.") from None
    if not member.eof:
        raise UnreadableFileError("its gzip data is cut short.")


def _unzstd(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress the whole data in memory: the library cannot stream from anything but a regular file."""
    from cramjam import DecompressionError, zstd

    try:
        yield bytes(zstd.decompress(b"".join(blocks)))
    except DecompressionError:
        raise UnreadableFileError("its zstd data is damaged or cut short.") from None


def _text(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Remove a byte order mark at the start. Raises UnreadableFileError for a wide encoding."""
    head = b""
    for block in blocks:
        head += block
        if len(head) >= _HEAD_BYTES or _line_is_whole(head):
            break
    if encoding := wide_encoding(head):
        raise UnreadableFileError(f"it is {encoding}; save it as UTF-8.")
    return chain([head.removeprefix(BYTE_ORDER_MARK)], blocks)


def _line_is_whole(head: bytes) -> bool:
    """Whether the first line is complete. After a NUL among the first bytes, a line end may take several bytes."""
    end = head.find(b"\n")
    return end >= 0 and (b"\0" not in head[:8] or len(head) >= end + 4)
