"""The segment label of a fact."""

from collections.abc import Sequence
from datetime import date
from typing import Final

UNKNOWN: Final = "unknown"
OTHER: Final = "other"
MEMBER: Final = "multidisciplinary"

Intervals = Sequence[tuple[date, date | None]]
"""When a client is a member: half-open intervals of local dates; the second date is None for an open interval."""


def label(client: str | None, day: date | None, history: Intervals = ()) -> str:
    """Return the segment of a fact by its client, its label date and the client's membership history.

    The default history is that of a client without a record on the segment stream. A fact without a client needs no
    day.
    """
    if client is None:
        return UNKNOWN
    assert day is not None
    member = any(first <= day and (until is None or day < until) for first, until in history)
    return MEMBER if member else OTHER
