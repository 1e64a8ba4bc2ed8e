"""Strict JSON: RFC 8259 and the contract's additions (no NaN, doubled name, lone surrogate, depth over 64).

orjson parses, a count tells whether a name stands twice, and the standard library decides what is unusual: orjson
refuses some well-formed numbers and rounds others.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

import orjson

from shared.contracts.types import MOST_DIGITS

DEEPEST: Final = 64  # the event itself is 1
_WHITE: Final = b" \t\n\r"
# A number that a double may not hold as written: sixteen digits (a double is sure of fifteen) or an exponent.
_INEXACT: Final = re.compile(rb"[\[:, \t\n\r]-?(?:[0-9.]{16}|[0-9.]+[eE])").search


class Undecodable(ValueError):
    """Not such JSON. The message is one of a few fixed texts and never holds a value."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed value. `fractional`: some number in it is not an `int`, so that 9.0 must be looked at."""

    tree: Any
    fractional: bool


def parse(value: bytes, deepest: int = DEEPEST) -> Document:
    """The value as a tree. Guarantees: no name twice in any object, every number exact. Raises Undecodable."""
    try:
        tree = orjson.loads(value)
    except orjson.JSONDecodeError:
        return _exactly(value, deepest)
    bare = value.translate(None, _WHITE)
    if bare.count(b"{") + bare.count(b"[") > deepest:
        _refuse_depth(tree, deepest)
    names, fractional = _census(tree)
    # Without white space every name is followed by `":`. Texts can only add to that count, so equality proves that
    # no name was swallowed; otherwise the exact parser looks.
    if names != bare.count(b'":') or (fractional and _INEXACT(value)):
        return _exactly(value, deepest)
    return Document(tree, fractional)


def _census(tree: object) -> tuple[int, bool]:
    """How many names a tree has, and whether some number in it is a float."""
    names, fractional, rest = 0, False, [tree]
    while rest:
        node = rest.pop()
        if type(node) is dict:
            names += len(node)
            node = node.values()
        elif type(node) is not list:
            fractional = fractional or type(node) is float
            continue
        for child in node:
            kind = type(child)
            if kind is dict or kind is list:
                rest.append(child)
            elif kind is float:
                fractional = True
    return names, fractional


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


def _exactly(value: bytes, deepest: int) -> Document:
    """By the standard library, with every number exact and every name looked at."""
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
    return Document(tree, fractional=True)


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
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


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
    if not number.is_finite() or not 0 <= number.adjusted() < MOST_DIGITS:
        return number
    integer = int(number)
    return integer if integer == number else number
