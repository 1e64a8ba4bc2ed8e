"""When a person is a member of the multidisciplinary segment: pure (contract, section 6).

Membership is the union of the intervals that each enabled evidence gives. Intervals are of local dates, from the
first up to and without the second; one without end ends at `OPEN`.
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
class Evidence:
    """What is known of a person. Assignments are those of the rule's scheme and segment."""

    flags: list[Interval] = field(default_factory=list)
    plans: list[Interval] = field(default_factory=list)
    assignments: list[Interval] = field(default_factory=list)
    assessments: list[tuple[datetime, str, date, str]] = field(default_factory=list)
    """When assessed, id, local date, result."""
    sector_days: dict[str, set[date]] = field(default_factory=dict)
    """Local dates of done service events by sector."""


def membership(evidence: Evidence, rule: SegmentRule, kinds: Mapping[str, str]) -> tuple[Interval, ...]:
    """The intervals in order; none touches or overlaps the next. `kinds` has the kind of a sector."""
    ways: Mapping[str, Callable[[], Iterable[Interval]]] = {
        "E1": lambda: evidence.flags,
        "E2": lambda: evidence.plans,
        "E3": lambda: assessed(evidence.assessments, rule.e3_results, rule.e3_valid_days),
        "E4": lambda: sector_intervals(evidence.sector_days, kinds, rule.e4_min_sectors, rule.e4_window_days),
        "E6": lambda: evidence.assignments,
    }
    return union(interval for name in rule.enabled for interval in ways[name]())


def assessed(
    assessments: Iterable[tuple[datetime, str, date, str]], results: Collection[str], valid_days: int
) -> Iterator[Interval]:
    """E3: from an assessment with such a result until it is too old or another follows."""
    ordered = sorted(assessments)
    days = [day for _, _, day, _ in ordered]
    for (_, _, day, result), following in zip(ordered, [*days[1:], OPEN], strict=False):
        until = min(following, later(day, valid_days))
        if result in results and day < until:
            yield day, until


def sector_intervals(
    sector_days: Mapping[str, Collection[date]], kinds: Mapping[str, str], least: int, window_days: int
) -> Iterator[Interval]:
    """E4: the dates in whose window there are enough sectors, one of health and one of social care among them.

    A service event of day x is in the windows of the dates from x up to and without x + `window_days`.
    """
    if len(sector_days) < least or not {"health", "social"} <= {kinds.get(sector) for sector in sector_days}:
        return
    changes: dict[date, list[tuple[str | None, int]]] = {}
    for sector, days in sector_days.items():
        for first, until in union((day, later(day, window_days)) for day in days):
            changes.setdefault(first, []).append((kinds.get(sector), 1))
            changes.setdefault(until, []).append((kinds.get(sector), -1))
    covered: dict[str | None, int] = {"health": 0, "social": 0, None: 0}
    since: date | None = None
    for day in sorted(changes):
        for kind, change in changes[day]:
            covered[kind] += change
        holds = sum(covered.values()) >= least and covered["health"] > 0 and covered["social"] > 0
        if holds and since is None:
            since = day
        elif not holds and since is not None:
            yield since, day
            since = None
    if since is not None:
        yield since, OPEN


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same dates in as few intervals as there can be, in order."""
    merged: list[Interval] = []
    for first, until in sorted(intervals):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((first, until))
    return tuple(merged)


def splice(whole: Iterable[Interval], part: Iterable[Interval], span: Interval) -> tuple[Interval, ...]:
    """The dates of `part` that are in the span, and those of `whole` that are not."""
    first, until = span
    before = ((a, min(b, first)) for a, b in whole if a < first)
    inside = ((max(a, first), min(b, until)) for a, b in part if a < until and first < b)
    after = ((max(a, until), b) for a, b in whole if until < b)
    return union((*before, *inside, *after))


def to_json(intervals: Iterable[Interval]) -> str:
    """The intervals as the segment stream tells them: `[["2026-01-01", "2026-03-01"], ["2026-05-01", null]]`."""
    return orjson.dumps([(first, None if until == OPEN else until) for first, until in intervals]).decode()


def later(day: date, days: int) -> date:
    """So many days later; the last or first date of the calendar beyond it."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), OPEN.toordinal()))


def holds(intervals: Sequence[Interval], day: date) -> bool:
    """Whether the day is in one of the intervals."""
    return any(first <= day < until for first, until in intervals)
