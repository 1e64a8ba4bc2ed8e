"""Which periods make up which: days a month, months a quarter and a year, quarters a year."""

from calendar import monthrange
from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)
def parents(kind: str, period: str) -> tuple[tuple[str, str], ...]:
    """The longer periods that a period is a part of, each the sum of all its parts of that kind."""
    year = period[:4]
    match kind:
        case "day":
            return (("month", period[:7]),)
        case "month":
            return ("quarter", f"{year}Q{(int(period[5:7]) + 2) // 3}"), ("year", year)
        case "quarter":
            return (("year", year),)
    return ()


def days_of(kind: str, period: str) -> tuple[date, date]:
    """The first and the last day of a period."""
    year = int(period[:4])
    match kind:
        case "day":
            return date.fromisoformat(period), date.fromisoformat(period)
        case "month":
            month = int(period[5:7])
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
        case "quarter":
            quarter = int(period[5:])
            return date(year, 3 * quarter - 2, 1), date(year, 3 * quarter, monthrange(year, 3 * quarter)[1])
    return date(year, 1, 1), date(year, 12, 31)
