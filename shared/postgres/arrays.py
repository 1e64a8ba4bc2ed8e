"""Array parameters of the set-based statements, encoded three to five times faster than by asyncpg.

asyncpg checks every array element for being a container itself. That costs about a microsecond per text, and a batch
sends tens of thousands of elements: two fifths of a family service's time (`docs/decisions/0009-fast-arrays.md`).
These arrays have one dimension, and their element types are those of the columns of facts and buckets. The wire format
is PostgreSQL's `array_send`: dimensions, null flag, element type, length, lower bound, then each element after its
length in bytes (-1 for null). Writer connections send arrays and never read them.
"""

import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from shared.postgres.lock import Connection

_HEAD: Final = struct.Struct("!iiiii")
_LENGTH: Final = struct.Struct("!i")
_LENGTHS: Final = tuple(_LENGTH.pack(length) for length in range(256))
_NULL: Final = _LENGTH.pack(-1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts days and microseconds from here
_EPOCH_DAY: Final = date(2000, 1, 1).toordinal()
_INFINITE_DAY: Final = _LENGTH.pack(2**31 - 1)

Encode = Callable[[Sequence[Any]], bytes]


async def use_fast_arrays(connection: Connection) -> None:
    """Install the encoders below on a connection. asyncpg has no public way to replace the codec of an array type, so
    this uses its private one; the version is pinned, and a test compares the results with asyncpg's own.
    """
    settings = connection._protocol.get_settings()  # type: ignore[union-attr]
    for oid, name, encode in _CODECS:
        settings.add_python_codec(oid, name, "pg_catalog", [], "scalar", encode, _no_results, "binary")


def _head(element: int, size: int, nulls: bool) -> bytes:
    return _HEAD.pack(1, nulls, element, size, 1) if size else _HEAD.pack(0, 0, element, 0, 0)[:12]


def _any(element: int, to_bytes: Callable[[Any], bytes]) -> Encode:
    """Make the encoder of a type of any width. Where values repeat, as codes and days do, each is encoded once."""

    def encode(values: Sequence[Any]) -> bytes:
        distinct = set(values)
        head = _head(element, len(values), None in distinct)
        if 2 * len(distinct) < len(values):
            known = {value: _element(value, to_bytes) for value in distinct}
            return head + b"".join(map(known.__getitem__, values))
        return head + b"".join([_element(value, to_bytes) for value in values])

    return encode


def _element(value: Any, to_bytes: Callable[[Any], bytes]) -> bytes:
    if value is None:
        return _NULL
    encoded = to_bytes(value)
    length = len(encoded)
    return (_LENGTHS[length] if length < len(_LENGTHS) else _LENGTH.pack(length)) + encoded


def _striped(element: int, code: str, values: Sequence[int]) -> bytes:
    """Encode integers of one width, none of them null, by copying the n-th byte of all elements in one step."""
    numbers = array(code, values)
    width, size = numbers.itemsize, len(numbers)
    if sys.byteorder == "little":
        numbers.byteswap()
    raw = numbers.tobytes()
    body = bytearray(_LENGTH.pack(width) + bytes(width)) * size
    stride = 4 + width
    for offset in range(width):
        body[4 + offset :: stride] = raw[offset::width]
    return _head(element, size, nulls=False) + bytes(body)


def _whole(element: int, code: str, to_int: Callable[[Any], int] = int) -> Encode:
    """Make the encoder of a type that is an integer on the wire and whose values do not repeat."""
    width, pack = struct.calcsize(f"!{code}"), struct.Struct(f"!i{code}").pack

    def encode(values: Sequence[Any]) -> bytes:
        if None not in values:
            return _striped(element, code, values if to_int is int else list(map(to_int, values)))
        parts = [_NULL if value is None else pack(width, to_int(value)) for value in values]
        return _head(element, len(values), nulls=True) + b"".join(parts)

    return encode


def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _day(day: date) -> bytes:
    """Encode Python's last date as PostgreSQL's infinity, as asyncpg does; it is read back as the same date."""
    if day == date.max:
        return _INFINITE_DAY
    return _LENGTH.pack(day.toordinal() - _EPOCH_DAY)


def _no_results(_: bytes) -> Any:
    raise TypeError("a writer connection sends arrays and cannot read them")


_CODECS: Final[tuple[tuple[int, str, Encode], ...]] = (
    (1000, "_bool", _whole(16, "b")),
    (1001, "_bytea", _any(17, bytes)),
    (1005, "_int2", _whole(21, "h")),
    (1007, "_int4", _whole(23, "i")),
    (1009, "_text", _any(25, str.encode)),
    (1016, "_int8", _whole(20, "q")),
    (1182, "_date", _any(1082, _day)),
    (1185, "_timestamptz", _whole(1184, "q", _microseconds)),
    (3807, "_jsonb", _any(3802, lambda value: b"\x01" + value.encode())),
)
