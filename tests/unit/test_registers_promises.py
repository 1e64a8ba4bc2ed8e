"""When a response is due. The expected instants were worked out by hand from the calendar."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.registers import Registers, load_folder
from shared.registers.promises import due, end_of_working_day, is_working_day

DEFAULT = Path(__file__).parents[2] / "deploy" / "config"
ROWS = """county,line,channel,kind,amount,valid_from
a,l,phone,minutes,30,2026-01-01
a,l,phone,minutes,10,2026-04-01
a,l,chat,same_day,,
a,l,sms,working_days,1,2024-01-01
a,l,other,working_days,0,2024-01-01
a,feedback,,working_days,7,2024-01-01
"""


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    folder = tmp_path_factory.mktemp("promises") / "config"
    shutil.copytree(DEFAULT, folder)
    (folder / "promises.csv").write_text(ROWS)
    return load_folder(folder)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("line", "channel", "start", "expected"),
    [
        ("l", "phone", "2025-12-31T21:59:59Z", None),
        ("l", "phone", "2025-12-31T22:00:00Z", "2025-12-31T22:30:00Z"),
        ("l", "phone", "2026-03-31T20:59:59Z", "2026-03-31T21:29:59Z"),
        ("l", "phone", "2026-03-31T21:00:00Z", "2026-03-31T21:10:00Z"),
        ("l", "chat", "2026-03-29T12:00:00Z", "2026-03-29T21:00:00Z"),  # 23-hour day
        ("l", "chat", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"),
        ("l", "chat", "1920-06-01T12:00:00Z", "1920-06-01T22:20:11Z"),
        ("l", "sms", "2026-06-18T08:00:00Z", "2026-06-22T21:00:00Z"),  # Thursday before Midsummer Eve
        ("l", "sms", "2026-12-23T08:00:00Z", "2026-12-28T22:00:00Z"),  # Christmas Eve is not a working day
        ("l", "sms", "2026-04-02T08:00:00Z", "2026-04-07T21:00:00Z"),  # Easter
        ("l", "other", "2026-04-04T08:00:00Z", "2026-04-04T21:00:00Z"),  # 0: the end of the day itself
        ("feedback", "", "2026-04-02T08:00:00Z", "2026-04-15T21:00:00Z"),
        ("l", "digital_booking", "2026-04-02T08:00:00Z", None),
        ("feedback", "phone", "2026-04-02T08:00:00Z", None),
    ],
)
def test_due_time_of_a_promise(registers: Registers, line: str, channel: str, start: str, expected: str | None) -> None:
    found = due(registers, "a", line, channel, at(start))
    assert found == (None if expected is None else at(expected))


@pytest.mark.parametrize("year", [1, 1852, 1853, 2100, 2101, 9998])
def test_due_time_in_very_early_and_late_years(registers: Registers, year: int) -> None:
    start = datetime(year, 12, 31, 12, tzinfo=UTC)
    found = due(registers, "a", "l", "chat", start)
    assert found is not None and found > start
    assert end_of_working_day(date(year, 12, 30), 1) > start


def test_due_time_is_capped_at_the_latest_instant() -> None:
    assert end_of_working_day(date(9999, 12, 30), 5) == datetime.max.replace(tzinfo=UTC)


def test_midsummer_eve_and_christmas_eve_are_not_working_days() -> None:
    assert not is_working_day(date(2026, 6, 19))
    assert not is_working_day(date(2025, 12, 24))
    assert is_working_day(date(2026, 4, 2))
