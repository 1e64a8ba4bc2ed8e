"""The encoding of a file of people: UTF-8, and what other programs save instead."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from typing import Final

BYTE_ORDER_MARK: Final = BOM_UTF8

_WIDE: Final = (  # the longer marks first: one begins with a shorter one
    ("UTF-32", BOM_UTF32_LE, "utf-32-le"),
    ("UTF-32", BOM_UTF32_BE, "utf-32-be"),
    ("UTF-16", BOM_UTF16_LE, "utf-16-le"),
    ("UTF-16", BOM_UTF16_BE, "utf-16-be"),
)


def wide_encoding(content: bytes) -> str | None:
    """`UTF-16` or `UTF-32` where the content begins so and goes on so to the end of its first line, else None.

    The content holds the whole first line, or the first tens of kilobytes. One odd line of a file is not enough:
    its line end is that of the file.
    """
    for name, mark, codec in _WIDE:
        ascii_start = _is_ascii_of(codec, content[: 2 * len(mark)])
        if (content.startswith(mark) or ascii_start) and _ends_its_line(content, codec):
            return name
    return None


def _is_ascii_of(codec: str, start: bytes) -> bool:
    """Whether the bytes are two ASCII characters other than NUL."""
    try:
        text = start.decode(codec)
    except UnicodeDecodeError:
        return False
    return len(text) > 1 and text.isascii() and "\0" not in text


def _ends_its_line(content: bytes, codec: str) -> bool:
    return b"\n" not in content or "\n".encode(codec) in content
