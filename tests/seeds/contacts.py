"""Contacts of the first line: 36 % are handled to the end in 2025, and 38 % in the first quarter of 2026.

The document gives the two shares and says that chat resolves more than the phone does. There are 100 contacts a month:
every phone unit has 5 calls, every chat 5 chats.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from tests.seeds.lines import days, event, mixed, moment
from tests.seeds.units import CHATS, PHONES, line_of

_DATES: Final = 10
"""Days of a month with contacts, so that no day has too few to be published."""
_A_MONTH: Final = {"phone": 75, "chat": 25}
_UNITS: Final = {"phone": PHONES, "chat": CHATS}

Outcomes = Mapping[str, Mapping[str, int]]
_OUTCOMES_2025: Final[Outcomes] = {
    "phone": {
        "hoidettu-loppuun": 297,
        "ajanvaraus": 303,
        "siirretty-verkostossa": 150,
        "ohjattu-jatkohoitoon": 150,
    },
    "chat": {
        "hoidettu-loppuun": 135,
        "ajanvaraus": 85,
        "siirretty-verkostossa": 40,
        "ohjattu-jatkohoitoon": 40,
    },
}
_OUTCOMES_2026: Final[Outcomes] = {
    "phone": {
        "hoidettu-loppuun": 78,
        "ajanvaraus": 75,
        "siirretty-verkostossa": 36,
        "ohjattu-jatkohoitoon": 36,
    },
    "chat": {
        "hoidettu-loppuun": 36,
        "ajanvaraus": 19,
        "siirretty-verkostossa": 10,
        "ohjattu-jatkohoitoon": 10,
    },
}


def events() -> Iterator[bytes]:
    yield from _year(2025, range(1, 13), _OUTCOMES_2025)
    yield from _year(2026, range(1, 4), _OUTCOMES_2026)


def _year(year: int, months: Sequence[int], outcomes: Outcomes) -> Iterator[bytes]:
    for channel, counts in outcomes.items():
        a_month, units = _A_MONTH[channel], _UNITS[channel]
        for number, outcome in enumerate(mixed(counts)):
            month, place = divmod(number, a_month)
            day = _dates(year, months[month])[place % _DATES]
            unit = units[place % len(units)]
            at = moment(day, number)
            data = {
                "contact_id": f"{channel}-{year}-{number}",
                "unit": unit,
                "line": line_of(unit),
                "channel": channel,
                "started_at": at,
                "answered_at": moment(day, number, 2),
                "ended_at": moment(day, number, 10),
                "answer_mode": "direct",
                "outcome": outcome,
                "classification": str(year),
            }
            yield event("acd", "contact.recorded", at, data)


def _dates(year: int, month: int) -> list[date]:
    """Days of the month from Monday to Friday."""
    after = date(year + month // 12, month % 12 + 1, 1)
    return [day for day in days(date(year, month, 1), after) if day.weekday() < 5][:_DATES]
