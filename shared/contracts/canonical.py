"""Canonical bytes: the digest of event data (RFC 8785), and JSON with integers of any length."""

import json
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import orjson

_MAX_EXACT: Final = 2**53  # RFC 8785 writes a larger number as the double that it is in ECMAScript
_MAX_PLAIN_DIGITS: Final = 21  # longer numbers get an exponent
_NUMBERS: Final = ("revision", "count", "transfers")  # the fields of event data that may be so large
_COMPACT: Final = (",", ":")


def dumps(value: object) -> bytes:
    """Return compact UTF-8 JSON. orjson rejects integers over 64 bits, and a revision may be one."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=_COMPACT).encode("utf-8")


def digest(data: dict[str, Any]) -> bytes:
    """Return the SHA-256 of the RFC 8785 JSON of `data`, 32 bytes.

    Sorting names by bytes is correct, because all are ASCII. orjson writes texts as RFC 8785 does. Numbers are whole.
    """
    if data["revision"] > _MAX_EXACT or data.get("count", 0) > _MAX_EXACT or data.get("transfers", 0) > _MAX_EXACT:
        data = data | {name: orjson.Fragment(ecma_number(data[name])) for name in _NUMBERS if name in data}
    return sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).digest()


def ecma_number(number: int) -> str:
    """Return an integer >= 0 as ECMAScript's `Number::toString` writes its double (RFC 8785, section 3.2.2.3).

    A number beyond the range of doubles has no RFC 8785 form; it is written with all its digits.
    """
    if not number:
        return "0"
    try:
        _, shortest, exponent = Decimal(repr(float(number))).as_tuple()
    except OverflowError:
        return str(number)
    length = len(shortest) + int(exponent)  # digits before the point
    digits = "".join(map(str, shortest)).rstrip("0")
    if length <= _MAX_PLAIN_DIGITS:
        return digits.ljust(length, "0")
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e+{length - 1}"
