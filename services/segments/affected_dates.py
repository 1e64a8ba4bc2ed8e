"""Which dates of which memberships changed facts can affect. Pure.

An added or removed ground of membership affects its own dates only; on all other dates the membership does not change.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from services.segments.facts import Assessment, Assignment, CareFact, Flag, Plan, ServiceEvent
from services.segments.membership import OPEN, Interval, add_days
from shared.registers.model import SegmentRule

SectorDay = tuple[int, str, date]
"""Person, sector, local date."""

STOCK_DAYS = 365  # an assessment is in the stock for a year
Change = tuple[CareFact | None, CareFact]
"""A fact before the change (None if it is new) and after it."""

_GROUNDS = {Flag: "E1", Plan: "E2", Assessment: "E3", ServiceEvent: "E4", Assignment: "E6"}


def ground_spans(changes: Iterable[Change], rule: SegmentRule) -> dict[int, Interval]:
    """Return per person the first and last date that changed facts affect; `sector_days` handles service events."""
    found: dict[int, Interval] = {}
    for change in changes:
        for fact in change:
            if fact is None or fact.person is None or _GROUNDS[type(fact)] not in rule.enabled:
                continue
            if span := _span(fact, rule):
                widen(found, fact.person, span)
    return found


def _span(fact: CareFact, rule: SegmentRule) -> Interval | None:
    match fact:
        case Flag() | Plan() | Assignment():
            assert fact.valid_from is not None  # a fact with a person is not retracted
            return fact.valid_from, fact.valid_to or OPEN
        case Assessment():
            # It also ends the previous assessment, which is not valid for longer than this one.
            assert fact.day is not None
            return fact.day, add_days(fact.day, rule.e3_valid_days)
    return None


def sector_days(changes: Iterable[Change], rule: SegmentRule) -> Counter[SectorDay]:
    """Return the change of the number of done service events per person, sector and day, where it is not 0."""
    found: Counter[SectorDay] = Counter()
    if "E4" not in rule.enabled:
        return found
    for old, new in changes:
        for fact, sign in ((old, -1), (new, 1)):
            if isinstance(fact, ServiceEvent) and fact.done and fact.person is not None:
                assert fact.sector is not None and fact.day is not None
                found[fact.person, fact.sector, fact.day] += sign
    return Counter({key: number for key, number in found.items() if number})


def window_spans(days: Iterable[SectorDay], rule: SegmentRule) -> Iterable[tuple[int, Interval]]:
    """Return for each sector day its person and the dates whose windows contain the day."""
    return ((person, (day, add_days(day, rule.e4_window_days))) for person, _, day in days)


def widen(spans: dict[int, Interval], person: int, span: Interval) -> None:
    """Extend the span of a person so that it covers another span."""
    known = spans.setdefault(person, span)
    spans[person] = min(known[0], span[0]), max(known[1], span[1])


def days_of(changes: Iterable[Change], spans: Mapping[int, Interval]) -> Interval | None:
    """Return the first and last date that changed facts and the spans of changed memberships cover; None if none."""
    found = list(spans.values())
    for change in changes:
        found += [span for fact in change if fact is not None and (span := _days_of(fact))]
    return (min(first for first, _ in found), max(last for _, last in found)) if found else None


def _days_of(fact: CareFact) -> Interval | None:
    match fact:
        case Flag() | Plan() | Assignment():
            return (fact.valid_from, fact.valid_to or OPEN) if fact.valid_from is not None else None
        case Assessment():
            return (fact.day, add_days(fact.day, STOCK_DAYS)) if fact.day is not None else None
    return (fact.day, fact.day) if fact.day is not None else None
