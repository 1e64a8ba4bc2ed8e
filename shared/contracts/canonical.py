"""Canonical bytes: the digest of event data (RFC 8785) and JSON that can carry numbers of any length."""

import json
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import orjson

_EXACT: Final = 2**53  # beyond it RFC 8785 writes a number as the double that it is to ECMAScript
_PLAIN_PLACES: Final = 21  # longer numbers get an exponent
_NUMBERS: Final = ("revision", "count", "transfers")  # those of event data that may be that large
_COMPACT: Final = (",", ":")


def dumps(value: object) -> bytes:
    """Compact UTF-8 JSON. orjson refuses whole numbers over 64 bits; a revision may be one."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=_COMPACT).encode("utf-8")


def digest(data: dict[str, Any]) -> bytes:
    """SHA-256 of the RFC 8785 JSON of `data`, 32 bytes.

    Sorting by bytes serves, because all names are ASCII; orjson's texts are RFC 8785's. Numbers are whole.
    """
    if data["revision"] > _EXACT or data.get("count", 0) > _EXACT or data.get("transfers", 0) > _EXACT:
        data = data | {name: orjson.Fragment(ecma_number(data[name])) for name in _NUMBERS if name in data}
    return sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).digest()


def ecma_number(number: int) -> str:
    """A whole number >= 0 as ECMAScript's `Number::toString` writes its double (RFC 8785, section 3.2.2.3).

    A number that no double holds has no RFC 8785 form; its digits stand.
    """
    if not number:
        return "0"
    try:
        _, shortest, exponent = Decimal(repr(float(number))).as_tuple()
    except OverflowError:
        return str(number)
    places = len(shortest) + int(exponent)  # digits before the point
    figures = "".join(map(str, shortest)).rstrip("0")
    if places <= _PLAIN_PLACES:
        return figures.ljust(places, "0")
    point = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{figures[0]}{point}e+{places - 1}"
