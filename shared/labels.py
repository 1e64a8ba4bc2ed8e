"""The segment under which a fact counts."""

from collections.abc import Sequence
from datetime import date
from typing import Final

UNKNOWN: Final = "unknown"
OTHER: Final = "other"
MEMBER: Final = "multidisciplinary"

Intervals = Sequence[tuple[date, date | None]]
"""When a client is a member: local dates from the first up to and without the second; None where it is open."""


def label(client: str | None, day: date | None, history: Intervals = ()) -> str:
    """The segment of a fact by its client, its label day and when that client is a member.

    The default is the history of a client of whom the segment stream has said nothing. Whoever has no client needs
    no day.
    """
    if client is None:
        return UNKNOWN
    assert day is not None
    member = any(first <= day and (until is None or day < until) for first, until in history)
    return MEMBER if member else OTHER
