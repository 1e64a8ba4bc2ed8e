"""Membership intervals equal the definition of docs/figures.md, checked day by day."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.segments.membership import OPEN, Grounds, contains_day, membership, splice
from shared.registers.model import SegmentRule

FIRST = date(2026, 1, 1)
KINDS = {"tk": "health", "esh": "health", "lapset": "social", "aikuiset": "social"}
DAYS = st.integers(0, 40).map(lambda n: FIRST + timedelta(days=n))
VALID = st.tuples(DAYS, st.none() | DAYS).filter(lambda pair: pair[1] is None or pair[0] < pair[1])
INTERVALS = st.lists(VALID.map(lambda pair: (pair[0], pair[1] or OPEN)), max_size=3)
ASSESSMENTS = st.lists(
    st.tuples(DAYS, st.integers(0, 2), st.sampled_from("abc"), st.sampled_from(("verkosto", "yhteiso", "omatoimi"))),
    max_size=4,
    unique_by=lambda row: row[:3],
)
SECTOR_DAYS = st.dictionaries(st.sampled_from((*KINDS, "muu")), st.sets(DAYS, min_size=1, max_size=3), max_size=5)
RULES = st.builds(
    SegmentRule,
    version=st.just("v"),
    enabled=st.lists(st.sampled_from(("E1", "E2", "E3", "E4", "E6")), unique=True).map(tuple),
    figures_from=st.just(FIRST),
    e3_results=st.sampled_from((("verkosto",), ("verkosto", "yhteiso"), ())),
    e3_valid_days=st.integers(1, 30),
    e4_min_sectors=st.integers(1, 4),
    e4_window_days=st.integers(1, 30),
    e6_scheme=st.just("oma"),
    e6_segment=st.just("monialainen"),
)


def is_member(grounds: Grounds, rule: SegmentRule, day: date) -> bool:
    """Return whether the day is a member day by the definition of docs/figures.md."""
    past = [row for row in grounds.assessments if row[2] <= day]
    latest = max(past, default=None)
    window = {
        sector
        for sector, days in grounds.sector_days.items()
        if any(day - timedelta(days=rule.e4_window_days) < met <= day for met in days)
    }
    kinds = {KINDS.get(sector) for sector in window}
    ways = {
        "E1": any(first <= day < until for first, until in grounds.flags),
        "E2": any(first <= day < until for first, until in grounds.plans),
        "E3": latest is not None
        and latest[3] in rule.e3_results
        and day < latest[2] + timedelta(days=rule.e3_valid_days),
        "E4": len(window) >= rule.e4_min_sectors and {"health", "social"} <= kinds,
        "E6": any(first <= day < until for first, until in grounds.assignments),
    }
    return any(ways[name] for name in rule.enabled)


@given(INTERVALS, INTERVALS, INTERVALS, ASSESSMENTS, SECTOR_DAYS, RULES)
def test_membership_equals_the_definition_on_every_day(
    flags, plans, assignments, assessments, sector_days, rule
) -> None:  # type: ignore[no-untyped-def]
    assessed = [
        (datetime(day.year, day.month, day.day, 9 + hour, tzinfo=UTC), id, day, result)
        for day, hour, id, result in assessments
    ]
    grounds = Grounds(flags, plans, assignments, assessed, sector_days)
    intervals = membership(grounds, rule, KINDS)
    for number in range(-1, 80):
        day = FIRST + timedelta(days=number)
        assert contains_day(intervals, day) == is_member(grounds, rule, day), day
    assert all(one[1] < other[0] for one, other in pairwise(intervals))


@given(INTERVALS, INTERVALS, VALID)
def test_splice_takes_the_part_inside_the_span_and_the_whole_outside(  # type: ignore[no-untyped-def]
    whole, part, span
) -> None:
    span = span[0], span[1] or OPEN
    found = splice(whole, part, span)
    for number in range(-1, 80):
        day = FIRST + timedelta(days=number)
        assert contains_day(found, day) == contains_day(part if span[0] <= day < span[1] else whole, day), day
    assert all(one[1] < other[0] for one, other in pairwise(found))
