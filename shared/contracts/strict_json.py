"""Strict JSON: RFC 8259 with further limits (no NaN, duplicate name, lone surrogate, depth over 64).

orjson parses, and a count detects duplicate names. The standard library decides unusual cases, because orjson rejects
some well-formed numbers and rounds others.
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


# A number that a double may not hold exactly: sixteen digits (a double guarantees fifteen) or an exponent.
_ROUNDED: Final = re.compile(rb"[\[:, \t\n\r]-?(?:[0-9.]{16}|[0-9.]+[eE])").search


class Undecodable(ValueError):
    """Not strict JSON. The message is one of a few fixed texts and never contains a value."""


def _table() -> bytes:
    table = bytearray(range(256))
    for one, kinds in ((b"0", b"0123456789"), (b"-", b"-+ABCDEFUVWXYabcdefuvwxy"), (b"{", b"{[")):
        for byte in kinds:
            table[byte] = one[0]
    return bytes(table)


_CLASSES: Final = _table()
_WHITE: Final = b" \t\n\r"


def classed(value: bytes) -> bytes:
    """Return JSON text without white space, with every digit as 0, every opening bracket as a brace, and every
    separator of personal identity codes as a hyphen. One pass serves three counts."""
    return value.translate(_CLASSES, _WHITE)


class Document(NamedTuple):
    """A parsed value. `classed` is its text for counting, without escapes that hide characters."""

    value: bytes
    tree: Any  # numbers other than 64-bit integers are floats, possibly rounded
    classed: bytes

    def exact(self) -> Any:
        """Return the tree without rounded numbers: exact floats stay, others are `int` or `Decimal`."""
        return _exact_tree(self.value) if _ROUNDED(self.value) else self.tree


def parse(value: bytes, max_depth: int = MAX_DEPTH) -> Document:
    """Parse the value to a tree without duplicate names in any object. Raises Undecodable."""
    try:
        tree = orjson.loads(value)
    except orjson.JSONDecodeError:
        return _parse_exactly(value, max_depth)
    text = classed(value)
    if text.count(b"{") > max_depth:
        _refuse_depth(tree, max_depth)
    written = orjson.dumps(tree)
    if b"\\" in value and b"\\u" in value:
        names, text = _count_names(tree), classed(written)
        # An escape may be the quote of a name, so this counts the names themselves.
        duplicate = names != classed(value).count(_NAME)
    else:
        # Without white space every name is followed by `":`. Texts may contain it, too, but writing them again does not
        # add any. So equal counts prove that no name was dropped.
        duplicate = written.count(_NAME) != text.count(_NAME)
    return _parse_exactly(value, max_depth) if duplicate else Document(value, tree, text)


_NAME: Final = b'":'


def _count_names(tree: object) -> int:
    names, stack = 0, [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            names += len(node)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return names


def _refuse_depth(tree: object, max_depth: int) -> None:
    level: list[Any] = [tree] if isinstance(tree, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise Undecodable("nested too deep")
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]


def _children(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _parse_exactly(value: bytes, max_depth: int) -> Document:
    """Parse like `parse`, at ten times the cost."""
    tree = _exact_tree(value, max_depth)
    written = json.dumps(tree, ensure_ascii=False, default=str).encode("utf-8")
    return Document(value, tree, classed(written))


def _exact_tree(value: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """Parse with the standard library: every number exact, every name checked."""
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
    _refuse_depth(tree, max_depth)
    if b"\\u" in value:
        try:
            "".join(texts(tree)).encode("utf-8")
        except UnicodeEncodeError:
            raise Undecodable("a lone surrogate") from None
    return tree


def texts(tree: object) -> Iterable[str]:
    """Yield every text of a tree, names and values."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise Undecodable("a duplicate name")
    return names


def _constant(name: str) -> NoReturn:
    raise Undecodable("NaN or Infinity")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else math.inf


def _decimal(number: str) -> Decimal | float:
    try:
        return Decimal(number)
    except ArithmeticError:  # an exponent out of range
        return math.inf


def to_integer(number: object) -> object:
    """Return a JSON number without fraction as `int` (9.0 is 9), and everything else unchanged for the schema check."""
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
