"""Events as lines, and the order in which given numbers of things happen. Nothing is random."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tests.seeds import COUNTY

T = TypeVar("T")
HELSINKI = ZoneInfo("Europe/Helsinki")
_OFFICE_MINUTES = 7 * 60


def event(system: str, type_: str, at: str, data: Mapping[str, Any]) -> bytes:
    """A structured event about the fact whose id is the first field of `data`."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"event-{next(iter(data.values()))}",
            "source": f"urn:hva:{COUNTY}:{system}",
            "type": f"fi.hva.{type_}.v1",
            "time": at,
            "data": data,
        },
        ensure_ascii=False,
    ).encode()


def moment(day: date, number: int, minutes: int = 0) -> str:
    """A time of the office hours of a local day, and `minutes` after it."""
    start = datetime.combine(day, time(8), HELSINKI)
    return (start + timedelta(minutes=number % _OFFICE_MINUTES + minutes)).isoformat()


def day_of(days: Sequence[date], number: int, total: int) -> date:
    """The day of one of `total` things that are spread evenly."""
    return days[number * len(days) // total]


def days(first: date, after: date) -> list[date]:
    """The days from `first` to the one before `after`."""
    return [first + timedelta(days=number) for number in range((after - first).days)]


def mixed(counts: Mapping[T, int]) -> list[T]:
    """Each value as often as its count, spread evenly."""
    places = [
        ((number + 0.5) / count, order, value)
        for order, (value, count) in enumerate(counts.items())
        for number in range(count)
    ]
    return [value for *_, value in sorted(places, key=lambda place: place[:2])]
