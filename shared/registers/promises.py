"""When a promised answer is due (`promises.csv`; docs/figures.md, Promises)."""

from datetime import date, datetime, timedelta
from functools import lru_cache

import holidays
import holidays.countries.finland  # otherwise imported on first use, which takes a second within a batch

from shared.registers.calendar import LAST_INSTANT, ONE_DAY, day_end, local_day
from shared.registers.model import PromiseRow, Registers

FEEDBACK_LINE = "feedback"
"""With an empty channel, the line of the reply promise of direct feedback."""


def due(registers: Registers, county: str, line: str, channel: str, start: datetime) -> datetime | None:
    """Return the last instant (UTC) at which a reply to a contact that began at `start` (aware) is in time.

    The newest promise valid on the local date of `start` applies; None if there is none. A result beyond the year 9999
    is clamped to the last instant.
    """
    timeline = registers.promise_timelines.get((county, line, channel))
    if timeline is None:
        return None
    day = local_day(start)
    promise = timeline.at(day)
    return None if promise is None else _due(promise, day, start)


def reply_due(registers: Registers, county: str, given_at: datetime) -> datetime | None:
    """Return when the reply to direct feedback is due."""
    return due(registers, county, FEEDBACK_LINE, "", given_at)


def _due(promise: PromiseRow, day: date, start: datetime) -> datetime:
    match promise.kind:
        case "minutes":
            return _after(start, promise.amount)
        case "same_day":
            return day_end(day)
        case "working_days":
            return end_of_working_day(day, promise.amount)


def _after(start: datetime, minutes: int) -> datetime:
    try:
        return start + timedelta(minutes=minutes)
    except OverflowError:
        return LAST_INSTANT


@lru_cache(maxsize=16_384)
def end_of_working_day(day: date, amount: int) -> datetime:
    """Return the end of the `amount`-th working day after `day`. For 0 it is the end of `day`, working day or not."""
    left = amount
    while left:
        if day == date.max:
            return LAST_INSTANT
        day += ONE_DAY
        left -= is_working_day(day)
    return day_end(day)


def is_working_day(day: date) -> bool:
    """Whether the day is no Saturday, no Sunday and no public holiday of Finland."""
    return day.weekday() < 5 and day not in public_holidays(day.year)


@lru_cache(maxsize=512)
def public_holidays(year: int) -> frozenset[date]:
    """Return the public holidays of a year from the package `holidays`.

    Its default category includes Midsummer Eve and Christmas Eve. It covers the years 1853-2100; outside them only
    weekends are free.
    """
    return frozenset(holidays.country_holidays("FI", years=year, expand=False))
