"""Which years are due for publication."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.publication.due import Request, due, is_due, is_same, requested
from shared.publication.snapshot import CountyYear

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(**changes: Any) -> dict[str, Any]:
    """Return a past year that was published half an hour ago and has not changed since."""
    common = {"county": "c", "year": 2025, "is_current": False, "change_number": 3, "published_change": 3}
    state = {"registers": "r", "published_registers": "r", "published_at": NOW - HOUR / 2}
    return {**common, **state, **changes}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"published_at": None, "published_change": None, "published_registers": None}, True),
        ({"change_number": 4}, False),
        ({"change_number": 4, "published_at": NOW - HOUR}, True),
        ({"published_at": NOW - 23 * HOUR}, False),
        ({"published_at": NOW - 24 * HOUR}, True),
        ({"is_current": True}, False),
        ({"is_current": True, "published_at": NOW - HOUR}, True),
        ({"registers": "s"}, True),  # a unit may be sensitive now
        ({"published_at": NOW + HOUR}, True),  # the clock was set back
        ({"change_number": None, "published_change": 0}, False),
    ],
)
def test_when_a_year_is_due(changes: dict[str, Any], expected: bool) -> None:
    assert is_due(row(**changes), NOW, HOUR) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"is_current": True, "published_at": NOW - 10 * HOUR}, True),  # due, but the same
        ({"published_at": None}, False),
        ({"change_number": 4}, False),
        ({"change_number": None, "published_change": 0}, True),
        ({"registers": "s"}, False),
        ({"published_at": NOW - 15 * HOUR}, True),  # midnight in Helsinki
        ({"published_at": NOW - 15 * HOUR - timedelta(minutes=1)}, False),
        ({"published_at": NOW + HOUR}, False),
    ],
)
def test_when_a_publication_would_have_the_same_rows(changes: dict[str, Any], expected: bool) -> None:
    assert is_same(row(**changes), NOW) is expected


def test_request_selects_counties_and_years() -> None:
    rows = [row(), row(year=2026, is_current=True), row(county="d")]
    assert due([row(change_number=4, published_at=NOW - HOUR), row()], NOW, HOUR) == [CountyYear("c", 2025)]
    assert requested(rows, Request(1, None, None)) == [
        CountyYear("c", 2025),
        CountyYear("c", 2026),
        CountyYear("d", 2025),
    ]
    assert requested(rows, Request(1, "c", None)) == [CountyYear("c", 2025), CountyYear("c", 2026)]
    assert requested(rows, Request(1, None, 2025)) == [CountyYear("c", 2025), CountyYear("d", 2025)]
