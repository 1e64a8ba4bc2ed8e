"""When the cells of a stale period are due."""

from itertools import pairwise
from typing import Any

from services.fcr.schedule import COOLDOWN_FACTOR, MAX_COOLDOWN_S, QUIET_S, RETRY_S, WAIT_S, Schedule

MARCH = ("oma-hame", "month", "2026-03")
QUARTER = ("oma-hame", "quarter", "2026Q1")


class Row(dict[str, Any]):
    """A row of `fcr.stale`, by name and by position."""

    def __iter__(self) -> Any:
        return iter(self.values())


def row(period: tuple[str, str, str], change_number: int = 1, computed_number: int = 0) -> Row:
    county, kind, name = period
    numbers = {"change_number": change_number, "computed_number": computed_number}
    return Row(county=county, period_kind=kind, period=name, **numbers)


def due(schedule: Schedule, now: float, *rows: Row) -> list[tuple[str, ...]]:
    return [tuple(found)[:3] for found in schedule.due(rows, now)]


def test_a_period_is_due_when_it_is_quiet() -> None:
    schedule = Schedule()
    assert due(schedule, 100.0, row(MARCH, 1)) == []
    assert due(schedule, 100.5, row(MARCH, 2)) == []
    assert due(schedule, 100.5 + QUIET_S / 2, row(MARCH, 2)) == []
    assert due(schedule, 100.5 + QUIET_S, row(MARCH, 2)) == [MARCH]


def test_a_period_that_always_changes_waits_half_a_minute() -> None:
    schedule = Schedule()
    found = []
    for tick in range(400):
        now = 1000 + tick / 2
        if due(schedule, now, row(MARCH, tick + 5000)):
            schedule.counted(MARCH, now, now + 0.1)
            found.append(now)
    waits = {after - before for before, after in pairwise(found)}
    assert len(found) >= 5 and waits == {WAIT_S + 0.5}


def test_periods_do_not_delay_each_other() -> None:
    schedule = Schedule()
    due(schedule, 0.0, row(MARCH, 1), row(QUARTER, 1))
    assert due(schedule, QUIET_S, row(MARCH, 2), row(QUARTER, 1)) == [QUARTER]
    schedule.counted(QUARTER, QUIET_S, 500.0)
    assert due(schedule, 2 * QUIET_S, row(MARCH, 2), row(QUARTER, 2)) == [MARCH]


def test_a_counted_period_has_a_cooldown() -> None:
    """Ten times its count, up to two minutes."""
    for took, cooldown in ((3.0, 3.0 * COOLDOWN_FACTOR), (60.0, MAX_COOLDOWN_S)):
        schedule = Schedule()
        due(schedule, 0.0, row(MARCH))
        schedule.counted(MARCH, 0.0, took)
        due(schedule, took, row(MARCH, 2))
        assert due(schedule, took + cooldown - 0.1, row(MARCH, 2)) == []
        assert due(schedule, took + cooldown, row(MARCH, 2)) == [MARCH]


def test_a_failed_period_is_due_again_later() -> None:
    schedule = Schedule()
    due(schedule, 0.0, row(MARCH))
    schedule.failed(MARCH, 2.0)
    assert due(schedule, 2.0 + RETRY_S - 0.1, row(MARCH)) == []
    assert due(schedule, 2.0 + RETRY_S, row(MARCH)) == [MARCH]


def test_a_period_that_is_stale_anew_waits_anew() -> None:
    schedule = Schedule()
    due(schedule, 0.0, row(MARCH, 1))
    assert due(schedule, 60.0) == []
    assert due(schedule, 61.0, row(MARCH, 1)) == []
    assert due(schedule, 61.0 + QUIET_S, row(MARCH, 1)) == [MARCH]


def test_a_period_that_another_replica_counted_waits_anew() -> None:
    schedule = Schedule()
    assert due(schedule, 0.0, row(MARCH, 1)) == []
    assert due(schedule, WAIT_S, row(MARCH, 900)) == [MARCH]
    assert due(schedule, WAIT_S + 0.5, row(MARCH, 910, computed_number=900)) == []
    assert due(schedule, 2 * WAIT_S, row(MARCH, 1800, computed_number=900)) == []
    assert due(schedule, 2 * WAIT_S + 0.5, row(MARCH, 1810, computed_number=900)) == [MARCH]
