"""How scopes of one level make up those of another, by the unit register.

A unit that changed its service area within a period counts under both: then only the two areas together are the sum of
their units. So scopes of two levels are grouped into the least sets with equal sums.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

LEVELS: Final = ("county", "division", "result_area", "service_area", "region", "unit")
PAIRS: Final = (
    ("county", "division"),
    ("county", "result_area"),
    ("county", "service_area"),
    ("county", "region"),
    ("county", "unit"),
    ("division", "result_area"),
    ("division", "service_area"),
    ("division", "unit"),
    ("result_area", "service_area"),
    ("result_area", "unit"),
    ("service_area", "unit"),
    ("region", "unit"),
)
"""Levels of which the second sums to the first. All pairs, because hiding a level in between does not protect the
levels around it."""


@dataclass(frozen=True, slots=True)
class UnitSpan:
    """The scopes of a unit on the dates [first, until): level to code, '-' where the level is empty."""

    first: date
    until: date
    scopes: Mapping[str, str]


class Group(NamedTuple):
    """Scopes of a level, and those of a lower one that sum to the same; sorted."""

    wholes: tuple[str, ...]
    parts: tuple[str, ...]


def groups(spans: Iterable[UnitSpan], first: date, last: date) -> dict[tuple[str, str], list[Group]]:
    """By pair of levels the groups in force on any day from first to last."""
    by_unit: dict[str, list[UnitSpan]] = defaultdict(list)
    for span in spans:
        by_unit[span.scopes["unit"]].append(span)
    scopes = []
    for known in by_unit.values():
        valid = [span for span in known if span.first <= last and span.until > first]
        scopes += [span.scopes for span in valid]
        if not _covers(valid, first, last):
            scopes.append(_without_row(known[0]))
    return {pair: _groups(scopes, *pair) for pair in PAIRS}


def implied(nesting: Mapping[tuple[str, str], Sequence[Group]]) -> set[tuple[str, str]]:
    """The pairs of levels of which each sum is the sum of others, by way of a level in between."""
    return {(whole, part) for whole, part in PAIRS for middle in LEVELS if _is_implied(nesting, whole, middle, part)}


def _is_implied(nesting: Mapping[tuple[str, str], Sequence[Group]], whole: str, middle: str, part: str) -> bool:
    if (whole, middle) not in PAIRS or (middle, part) not in PAIRS:
        return False
    return _wholes(nesting[whole, middle]) == _wholes(nesting[whole, part])


def _wholes(found: Sequence[Group]) -> list[tuple[str, ...]]:
    return [group.wholes for group in found]


def _covers(spans: Sequence[UnitSpan], first: date, last: date) -> bool:
    day = first
    for span in sorted(spans, key=lambda span: span.first):
        if span.first > day:
            return False
        day = max(day, span.until)
    return day > last


def _without_row(span: UnitSpan) -> dict[str, str]:
    """Where a unit counts on days without a register row."""
    return {level: span.scopes[level] if level in ("county", "unit") else "-" for level in LEVELS}


def _groups(all_scopes: Iterable[Mapping[str, str]], whole: str, part: str) -> list[Group]:
    roots: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while roots.setdefault(node, node) != node:
            roots[node] = node = roots[roots[node]]
        return node

    for scopes in all_scopes:
        roots[root((part, scopes[part]))] = root((whole, scopes[whole]))
    members: dict[tuple[str, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for level, code in list(roots):
        members[root((level, code))][level == part].add(code)
    return sorted(Group(tuple(sorted(wholes)), tuple(sorted(parts))) for wholes, parts in members.values())
