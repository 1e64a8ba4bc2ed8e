"""Detects the encoding of a file that people edit: UTF-8, or a wide encoding that some programs save instead."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from typing import Final

BYTE_ORDER_MARK: Final = BOM_UTF8

_WIDE: Final = (  # longer marks first, because a shorter mark is a prefix of one
    ("UTF-32", BOM_UTF32_LE, "utf-32-le"),
    ("UTF-32", BOM_UTF32_BE, "utf-32-be"),
    ("UTF-16", BOM_UTF16_LE, "utf-16-le"),
    ("UTF-16", BOM_UTF16_BE, "utf-16-be"),
)


def wide_encoding(content: bytes) -> str | None:
    """Return `UTF-16` or `UTF-32` if the content has that encoding up to the end of its first line, else None.

    The content must hold the whole first line, or the first tens of kilobytes. A UTF-8 file whose first line looks like
    a wide encoding is not mistaken for one: its line end is UTF-8.
    """
    for name, mark, codec in _WIDE:
        ascii_start = _is_ascii_of(codec, content[: 2 * len(mark)])
        if (content.startswith(mark) or ascii_start) and _line_end_matches(content, codec):
            return name
    return None


def _is_ascii_of(codec: str, start: bytes) -> bool:
    """Whether the bytes are two ASCII characters other than NUL."""
    try:
        text = start.decode(codec)
    except UnicodeDecodeError:
        return False
    return len(text) > 1 and text.isascii() and "\0" not in text


def _line_end_matches(content: bytes, codec: str) -> bool:
    return b"\n" not in content or "\n".encode(codec) in content
