"""Strict JSON: RFC 8259 and the contract's additions (no NaN, doubled name, lone surrogate, depth over 64).

orjson parses, a count tells whether a name stands twice, and the standard library decides what is unusual: orjson
refuses some well-formed numbers and rounds others.
"""

import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple, NoReturn

import orjson

from shared.contracts.types import MAX_DIGITS

MAX_DEPTH: Final = 64  # the event itself is 1


# A number that a double may not hold as written: sixteen digits (a double is sure of fifteen) or an exponent.
_ROUNDED: Final = re.compile(rb"[\[:, \t\n\r]-?(?:[0-9.]{16}|[0-9.]+[eE])").search


class Undecodable(ValueError):
    """Not such JSON. The message is one of a few fixed texts and never holds a value."""


def _table() -> bytes:
    table = bytearray(range(256))
    for one, kinds in ((b"0", b"0123456789"), (b"-", b"-+ABCDEFUVWXYabcdefuvwxy"), (b"{", b"{[")):
        for byte in kinds:
            table[byte] = one[0]
    return bytes(table)


_CLASSES: Final = _table()
_WHITE: Final = b" \t\n\r"


def classed(value: bytes) -> bytes:
    """JSON text without white space, every digit a 0, every opening bracket a brace, and the signs that stand between
    date and individual number of a personal identity code a hyphen. One pass serves three counts."""
    return value.translate(_CLASSES, _WHITE)


class Document(NamedTuple):
    """A parsed value. `classed` is its text for counting, in which no escape hides anything."""

    value: bytes
    tree: Any  # numbers that are no 64-bit integers are floats, perhaps rounded
    classed: bytes

    def exact(self) -> Any:
        """The tree, with no number rounded: floats are still those that are sure, others are `int` or `Decimal`."""
        return _exact_tree(self.value) if _ROUNDED(self.value) else self.tree


def parse(value: bytes, deepest: int = MAX_DEPTH) -> Document:
    """The value as a tree. Guarantees that no name stands twice in any object. Raises Undecodable."""
    try:
        tree = orjson.loads(value)
    except orjson.JSONDecodeError:
        return _parse_exactly(value, deepest)
    text = classed(value)
    if text.count(b"{") > deepest:
        _refuse_depth(tree, deepest)
    written = orjson.dumps(tree)
    if b"\\" in value and b"\\u" in value:
        names, text = _names(tree), classed(written)
        # A hidden quote may stand for a name's, so the names themselves are counted.
        doubled = names != classed(value).count(_NAME)
    else:
        # Without white space every name is followed by `":`. Texts may hold that too, but no more of it when written
        # anew than before; so equality proves that no name was swallowed.
        doubled = written.count(_NAME) != text.count(_NAME)
    return _parse_exactly(value, deepest) if doubled else Document(value, tree, text)


_NAME: Final = b'":'


def _names(tree: object) -> int:
    names, rest = 0, [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            names += len(node)
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)
    return names


def _refuse_depth(tree: object, deepest: int) -> None:
    level: list[Any] = [tree] if isinstance(tree, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > deepest:
            raise Undecodable("nested too deep")
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]


def _children(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _parse_exactly(value: bytes, deepest: int) -> Document:
    """As `parse`, at ten times the cost."""
    tree = _exact_tree(value, deepest)
    written = json.dumps(tree, ensure_ascii=False, default=str).encode("utf-8")
    return Document(value, tree, classed(written))


def _exact_tree(value: bytes, deepest: int = MAX_DEPTH) -> Any:
    """By the standard library: every number exact, every name looked at."""
    try:
        tree = json.loads(
            value.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_constant,
        )
    except Undecodable:
        raise
    except (ValueError, RecursionError):
        raise Undecodable("not JSON") from None
    _refuse_depth(tree, deepest)
    if b"\\u" in value:
        try:
            "".join(texts(tree)).encode("utf-8")
        except UnicodeEncodeError:
            raise Undecodable("a lone surrogate") from None
    return tree


def texts(tree: object) -> Iterable[str]:
    """Every text of a tree, names and values."""
    rest: list[Any] = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from node
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise Undecodable("a name stands twice")
    return names


def _constant(name: str) -> NoReturn:
    raise Undecodable("NaN or Infinity")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else math.inf


def _decimal(number: str) -> Decimal | float:
    try:
        return Decimal(number)
    except ArithmeticError:  # an exponent beyond all reason
        return math.inf


def whole(number: object) -> object:
    """A JSON number without fraction as `int` (9.0 is 9); everything else as it came, for the schema to judge."""
    if isinstance(number, float):
        return int(number) if number.is_integer() else number
    if not isinstance(number, Decimal):
        return number
    if not number:
        return 0
    if not number.is_finite() or not 0 <= number.adjusted() < MAX_DIGITS:
        return number
    integer = int(number)
    return integer if integer == number else number
