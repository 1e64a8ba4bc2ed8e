"""Worked examples of each ground of membership for the multidisciplinary segment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.segments.membership import (
    OPEN,
    Grounds,
    Interval,
    assessment_intervals,
    contains_day,
    membership,
    sector_intervals,
    to_json,
    union,
)
from shared.registers.model import SegmentRule

RULE = SegmentRule(
    version="2026-1",
    enabled=("E1", "E2", "E3", "E4", "E6"),
    figures_from=date(2023, 1, 1),
    e3_results=("verkosto",),
    e3_valid_days=365,
    e4_min_sectors=3,
    e4_window_days=365,
    e6_scheme="oma",
    e6_segment="monialainen",
)
KINDS = {"tk": "health", "esh": "health", "lapset": "social", "aikuiset": "social"}
FIRST = date(2026, 1, 1)
YEAR = timedelta(days=365)


def day(number: int) -> date:
    """Return a day of 2026; 1 is 1 January."""
    return date.fromordinal(FIRST.toordinal() + number - 1)


def assessment(number: int, result: str = "verkosto", id: str = "a", hour: int = 9) -> tuple[datetime, str, date, str]:
    at = datetime(day(number).year, day(number).month, day(number).day, hour, tzinfo=UTC)
    return at, id, day(number), result


def e3(*assessments: Any) -> list[Interval]:
    return list(assessment_intervals(assessments, ("verkosto",), 365))


def e4(min_sectors: int = 3, **days: list[int]) -> list[Interval]:
    return list(
        sector_intervals({sector: {day(n) for n in ns} for sector, ns in days.items()}, KINDS, min_sectors, 365)
    )


def test_flags_plans_and_assignments_give_their_own_days() -> None:
    for name in ("flags", "plans", "assignments"):
        grounds = Grounds(**{name: [(day(1), day(5)), (day(9), OPEN)]})
        assert membership(grounds, RULE, KINDS) == ((day(1), day(5)), (day(9), OPEN))


def test_grounds_outside_the_rule_are_ignored() -> None:
    grounds = Grounds(flags=[(day(1), day(5))], plans=[(day(3), day(9))])
    assert membership(grounds, replace(RULE, enabled=("E2",)), KINDS) == ((day(3), day(9)),)
    assert membership(grounds, replace(RULE, enabled=()), KINDS) == ()


def test_touching_and_overlapping_days_are_one_interval() -> None:
    grounds = Grounds(flags=[(day(1), day(5)), (day(5), day(7))], plans=[(day(6), day(9)), (day(11), day(12))])
    assert membership(grounds, RULE, KINDS) == ((day(1), day(9)), (day(11), day(12)))
    assert union([(day(2), OPEN), (day(1), day(3)), (day(5), day(6))]) == ((day(1), OPEN),)


def test_assessment_is_valid_for_365_days() -> None:
    assert e3(assessment(1)) == [(day(1), day(1) + YEAR)]
    assert e3(assessment(1, "yhteiso")) == []


def test_next_assessment_ends_the_interval() -> None:
    assert e3(assessment(1), assessment(30, "omatoimi", "b")) == [(day(1), day(30))]
    again = e3(assessment(1), assessment(30, "verkosto", "b"))
    assert union(again) == ((day(1), day(30) + YEAR),)


def test_latest_assessment_of_a_day_wins_then_the_greater_id() -> None:
    assert e3(assessment(1, "verkosto", hour=9), assessment(1, "omatoimi", "b", hour=10)) == []
    assert e3(assessment(1, "omatoimi", hour=9), assessment(1, "verkosto", "b", hour=10)) == [(day(1), day(1) + YEAR)]
    assert e3(assessment(1, "omatoimi", "b"), assessment(1, "verkosto", "a")) == []


def test_three_sectors_within_365_days_give_membership() -> None:
    assert e4(tk=[1], esh=[1], lapset=[1]) == [(day(1), day(1) + YEAR)]
    assert e4(tk=[1], esh=[10], lapset=[20]) == [(day(20), day(1) + YEAR)]


def test_window_is_365_days() -> None:
    """An event leaves the window 365 days later."""
    assert e4(tk=[1], esh=[2], lapset=[366]) == []
    assert e4(tk=[1], esh=[2], lapset=[365]) == [(day(365), day(366))]


def test_both_kinds_are_required_and_a_sector_without_kind_counts() -> None:
    assert e4(tk=[1], esh=[1], muu=[1]) == []
    assert e4(lapset=[1], aikuiset=[1], muu=[1]) == []
    assert e4(tk=[1], lapset=[1], muu=[1]) == [(day(1), day(1) + YEAR)]
    assert e4(tk=[1], lapset=[1]) == []
    assert e4(2, tk=[1], lapset=[1]) == [(day(1), day(1) + YEAR)]


def test_another_event_of_a_sector_extends_the_interval() -> None:
    assert e4(tk=[1, 200], esh=[1, 200], lapset=[1, 300]) == [(day(1), day(200) + YEAR)]
    assert e4(tk=[1], esh=[1, 900], lapset=[1, 900], aikuiset=[900]) == [
        (day(1), day(1) + YEAR),
        (day(900), day(900) + YEAR),
    ]


def test_dates_are_clamped_to_the_calendar() -> None:
    late = (datetime(9999, 6, 1, tzinfo=UTC), "a", date(9999, 6, 1), "verkosto")
    assert e3(late) == [(date(9999, 6, 1), OPEN)]


@pytest.mark.parametrize(("number", "member"), [(0, False), (1, True), (4, True), (5, False)])
def test_intervals_are_half_open(number: int, member: bool) -> None:
    assert contains_day([(day(1), day(5))], day(number)) is member


def test_history_is_published_as_json_intervals() -> None:
    assert to_json([(day(1), day(5)), (day(9), OPEN)]) == '[["2026-01-01","2026-01-05"],["2026-01-09",null]]'
