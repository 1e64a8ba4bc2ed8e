"""Local days against the time zone data, at any instant of the years 1 to 9998."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.registers.calendar import day_end, day_start, local_day
from shared.registers.promises import end_of_working_day, is_working_day
from shared.registers.timeline import Timeline

INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9998, 12, 31), timezones=st.just(UTC))
DAYS = st.dates(date(1, 1, 2), date(9998, 12, 31)) | st.dates(date(1870, 1, 1), date(2060, 1, 1))


@given(INSTANTS)
def test_local_day_agrees_with_the_time_zone(t: datetime) -> None:
    assert local_day(t) == t.astimezone(ZoneInfo("Europe/Helsinki")).date()
    assert day_start(local_day(t)) <= t < day_end(local_day(t))


@given(DAYS)
def test_day_start_is_the_first_instant_of_the_day(day: date) -> None:
    start = day_start(day)
    assert local_day(start) == day
    assert local_day(start - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_first_and_last_instants_do_not_raise() -> None:
    assert local_day(datetime.max.replace(tzinfo=UTC)) == date.max
    assert local_day(datetime.min.replace(tzinfo=UTC)) == date.min
    assert day_start(date.min) == datetime.min.replace(tzinfo=UTC)
    assert day_end(date.max) == datetime.max.replace(tzinfo=UTC)


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 30))
def test_working_days_agree_with_a_naive_count(day: date, amount: int) -> None:
    after = [day + timedelta(days=n) for n in range(1, 120)]
    assert end_of_working_day(day, amount) == day_end([d for d in after if is_working_day(d)][amount - 1])


@given(st.lists(st.dates(date(2020, 1, 1), date(2021, 1, 1)), unique=True), st.booleans(), st.data())
def test_timeline_returns_the_span_that_contains_the_day(days: list[date], is_open: bool, data: st.DataObject) -> None:
    cuts = sorted(days)
    spans: list[tuple[date | None, date | None, int]] = [
        (start, end, number) for number, (start, end) in enumerate(zip(cuts[::2], cuts[1::2], strict=False))
    ]
    if is_open and spans:
        spans[-1] = (spans[-1][0], None, spans[-1][2])
    day = data.draw(st.dates(date(2019, 12, 1), date(2021, 2, 1)))
    expected = [n for start, end, n in spans if start and start <= day and (end is None or day < end)]
    assert Timeline.build(spans, -1).at(day) == (expected[0] if expected else -1)
