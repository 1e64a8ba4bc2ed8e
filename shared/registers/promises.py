"""When a promised answer is due (contract, section 3: `promises.csv`)."""

from datetime import date, datetime, timedelta
from functools import lru_cache

import holidays
import holidays.countries.finland  # else imported when first asked for, a second in the middle of a batch

from shared.registers.calendar import LAST_INSTANT, ONE_DAY, day_end, local_day
from shared.registers.model import PromiseRow, Registers

FEEDBACK_LINE = "feedback"
"""With an empty channel, the line of the reply promise of direct feedback."""


def due(registers: Registers, county: str, line: str, channel: str, start: datetime) -> datetime | None:
    """The last instant (UTC) at which an answer to what began at `start` (aware) is in time.

    The newest promise valid on the local date of `start` decides; None where there is none.
    Beyond the year 9999 the answer is the last instant there is.
    """
    timeline = registers.promise_timelines.get((county, line, channel))
    if timeline is None:
        return None
    day = local_day(start)
    promise = timeline.at(day)
    return None if promise is None else _due(promise, day, start)


def reply_due(registers: Registers, county: str, given_at: datetime) -> datetime | None:
    """The reply promise of direct feedback."""
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
    """The end of the `amount`-th working day after `day`; of `day` itself, whatever it is, for 0."""
    left = amount
    while left:
        if day == date.max:
            return LAST_INSTANT
        day += ONE_DAY
        left -= is_working_day(day)
    return day_end(day)


def is_working_day(day: date) -> bool:
    """Not a Saturday, a Sunday or a public holiday of Finland."""
    return day.weekday() < 5 and day not in public_holidays(day.year)


@lru_cache(maxsize=512)
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays of a year as the package `holidays` has them.

    Its default category holds Midsummer Eve and Christmas Eve. Outside the years that it covers
    (1853-2100) it knows none, and only weekends are free.
    """
    return frozenset(holidays.country_holidays("FI", years=year, expand=False))
