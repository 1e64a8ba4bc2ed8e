"""Time in the simulation: whole seconds since a UTC midnight, and tables that convert them to text."""

from datetime import UTC, date, datetime, time, timedelta

from deploy.simulate.draw import profile
from shared.registers.calendar import HELSINKI, day_start
from shared.registers.promises import is_working_day

DAY = 86_400
_SLACK = 40
"""Days that the tables cover after the last simulated one, for promises and late answers."""

_SEASON = (1.02, 1.04, 1.06, 1.0, 1.02, 0.86, 0.55, 0.88, 1.06, 1.06, 1.04, 0.8)
_WEEK = (1.18, 1.08, 1.04, 1.02, 0.88, 0.06, 0.05)
_NON_STOP_WEEK = (1.02, 0.98, 0.97, 0.97, 1.0, 1.04, 1.02)

OFFICE_HOURS = profile({8: 1.6, 9: 1.5, 10: 1.3, 11: 1.0, 12: 0.9, 13: 1.0, 14: 0.9, 15: 0.6})
NON_STOP = profile(
    dict.fromkeys(range(6), 0.25)
    | {6: 0.5, 7: 0.9, 8: 1.3, 9: 1.4, 10: 1.4, 11: 1.3, 12: 1.2, 13: 1.1, 14: 1.1, 15: 1.2}
    | {16: 1.4, 17: 1.5, 18: 1.4, 19: 1.2, 20: 1.0, 21: 0.8, 22: 0.5, 23: 0.35}
)
EVENINGS = profile({7: 0.4, 9: 0.8, 12: 1.0, 15: 1.0, 17: 1.6, 18: 1.8, 19: 2.0, 20: 1.8, 21: 1.2, 22: 0.5})


class Calendar:
    """Day 0 is the first simulated one; instants are seconds since the UTC midnight of the day before it."""

    def __init__(self, first_day: date, days: int) -> None:
        self.first_day = first_day
        self.days = days
        self.dates = [first_day + timedelta(days=n) for n in range(days + _SLACK)]
        origin = datetime.combine(first_day - timedelta(days=1), time(), UTC)
        self.starts = [int((day_start(day) - origin).total_seconds()) for day in self.dates]
        self.end = self.starts[days]
        self.isodates = [day.isoformat() for day in self.dates]
        self._utc_days = [f"{first_day + timedelta(days=n - 1)}T" for n in range(days + _SLACK + 2)]
        self.day_bytes = [day.encode() for day in self._utc_days]
        self._seconds = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(DAY)]
        self.second_bytes = [second.encode() for second in self._seconds]
        hours = (origin + timedelta(hours=n) for n in range(24 * (days + _SLACK)))
        self._offsets = [3 if t.astimezone(HELSINKI).utcoffset() == timedelta(hours=3) else 2 for t in hours]

    def utc(self, at: int) -> str:
        day, second = divmod(at, DAY)
        return f"{self._utc_days[day]}{self._seconds[second]}Z"

    def local(self, at: int) -> str:
        """The same instant on a Finnish clock, with its offset."""
        offset = self._offsets[at // 3600]
        day, second = divmod(at + offset * 3600, DAY)
        return f"{self._utc_days[day]}{self._seconds[second]}+0{offset}:00"

    def office_factor(self, day: int) -> float:
        """Planned work of a day relative to an average day, by weekday, season and holidays."""
        date_ = self.dates[day]
        week = _WEEK[date_.weekday()] if is_working_day(date_) else 0.05
        return week * _SEASON[date_.month - 1] * (0.5 if _between_holidays(date_) else 1.0) * 1.38

    def non_stop_factor(self, day: int) -> float:
        date_ = self.dates[day]
        return _NON_STOP_WEEK[date_.weekday()] * (0.97 + 0.03 * _SEASON[date_.month - 1])


def _between_holidays(day: date) -> bool:
    """From Christmas to Epiphany, when there is little planned care."""
    return (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 5)
