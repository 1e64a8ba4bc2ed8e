"""The membership rule: when a person is a member of the multidisciplinary segment (docs/figures.md, Segments). Pure.

A membership is the union of the intervals of every enabled ground. Intervals are half-open and of local dates; an open
one ends at `OPEN`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import orjson

from shared.registers.model import SegmentRule

OPEN: Final = date.max

Interval = tuple[date, date]

ALWAYS: Final[Interval] = (date.min, OPEN)


@dataclass(slots=True)
class Grounds:
    """The grounds of membership of one person. Assignments are those of the rule's scheme and segment."""

    flags: list[Interval] = field(default_factory=list)
    plans: list[Interval] = field(default_factory=list)
    assignments: list[Interval] = field(default_factory=list)
    assessments: list[tuple[datetime, str, date, str]] = field(default_factory=list)
    """Time, id, local date, result."""
    sector_days: dict[str, set[date]] = field(default_factory=dict)
    """Local dates of done service events by sector."""


def membership(grounds: Grounds, rule: SegmentRule, kinds: Mapping[str, str]) -> tuple[Interval, ...]:
    """Return the intervals in order; none touches or overlaps the next. `kinds` maps sectors to kinds."""
    rules: Mapping[str, Callable[[], Iterable[Interval]]] = {
        "E1": lambda: grounds.flags,
        "E2": lambda: grounds.plans,
        "E3": lambda: assessment_intervals(grounds.assessments, rule.e3_results, rule.e3_valid_days),
        "E4": lambda: sector_intervals(grounds.sector_days, kinds, rule.e4_min_sectors, rule.e4_window_days),
        "E6": lambda: grounds.assignments,
    }
    return union(interval for name in rule.enabled for interval in rules[name]())


def assessment_intervals(
    assessments: Iterable[tuple[datetime, str, date, str]], results: Collection[str], valid_days: int
) -> Iterator[Interval]:
    """E3: from an assessment with one of the results until it expires or another one follows."""
    ordered = sorted(assessments)
    days = [day for _, _, day, _ in ordered]
    for (_, _, day, result), following in zip(ordered, [*days[1:], OPEN], strict=False):
        until = min(following, add_days(day, valid_days))
        if result in results and day < until:
            yield day, until


def sector_intervals(
    sector_days: Mapping[str, Collection[date]], kinds: Mapping[str, str], min_sectors: int, window_days: int
) -> Iterator[Interval]:
    """E4: the dates whose window has enough sectors, among them one of health and one of social care.

    A service event on day x is in the windows of the dates `[x, x + window_days)`.
    """
    if len(sector_days) < min_sectors or not {"health", "social"} <= {kinds.get(sector) for sector in sector_days}:
        return
    changes: dict[date, list[tuple[str | None, int]]] = {}
    for sector, days in sector_days.items():
        for first, until in union((day, add_days(day, window_days)) for day in days):
            changes.setdefault(first, []).append((kinds.get(sector), 1))
            changes.setdefault(until, []).append((kinds.get(sector), -1))
    covered: dict[str | None, int] = {"health": 0, "social": 0, None: 0}
    since: date | None = None
    for day in sorted(changes):
        for kind, change in changes[day]:
            covered[kind] += change
        fulfilled = sum(covered.values()) >= min_sectors and covered["health"] > 0 and covered["social"] > 0
        if fulfilled and since is None:
            since = day
        elif not fulfilled and since is not None:
            yield since, day
            since = None
    if since is not None:
        yield since, OPEN


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Merge touching and overlapping intervals; returns them in order."""
    merged: list[Interval] = []
    for first, until in sorted(intervals):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((first, until))
    return tuple(merged)


def splice(whole: Iterable[Interval], part: Iterable[Interval], span: Interval) -> tuple[Interval, ...]:
    """Return the dates of `part` inside the span and those of `whole` outside it."""
    first, until = span
    before = ((a, min(b, first)) for a, b in whole if a < first)
    inside = ((max(a, first), min(b, until)) for a, b in part if a < until and first < b)
    after = ((max(a, until), b) for a, b in whole if until < b)
    return union((*before, *inside, *after))


def to_json(intervals: Iterable[Interval]) -> str:
    """Return the intervals as published: `[["2026-01-01", "2026-03-01"], ["2026-05-01", null]]`."""
    return orjson.dumps([(first, None if until == OPEN else until) for first, until in intervals]).decode()


def add_days(day: date, days: int) -> date:
    """Return the date `days` later, clamped to the calendar."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), OPEN.toordinal()))


def contains_day(intervals: Sequence[Interval], day: date) -> bool:
    """Whether the day is in one of the intervals."""
    return any(first <= day < until for first, until in intervals)
