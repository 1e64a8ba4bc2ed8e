"""When the cells of a stale period are counted: not while batches change it, and not all the time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

QUIET_S: Final = 1.0  # without a change
WAIT_S: Final = 30.0  # at most, while changes continue
RETRY_S: Final = 15.0  # after a failure
# A period is counted again after ten times the duration of its last count, so that a period takes a tenth of a core at
# most, unless a count takes more than twelve seconds.
COOLDOWN_FACTOR: Final = 10.0
MAX_COOLDOWN_S: Final = 120.0

Period = tuple[str, str, str]
"""County, period kind, period."""


@dataclass(slots=True)
class _Seen:
    """A stale period: its last known numbers, when this `change_number` was first seen, and when the period was first
    seen as stale since its last count."""

    change_number: int
    computed_number: int
    changed_at: float
    stale_since: float


class Schedule:
    """Decides which stale periods are due. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._seen: dict[Period, _Seen] = {}
        self._cooldown_until: dict[Period, float] = {}

    def due(self, stale: Iterable[Any], now: float) -> list[Any]:
        """The rows of `stale` whose period is due, in the same order.

        `stale` are all rows of `fcr.stale`, beginning with the key of a period, with `change_number` and
        `computed_number`. Where the latter has changed, another replica has counted the period, which waits again.
        """
        seen, due = {}, []
        for row in stale:
            period, number, computed = tuple(row)[:3], row["change_number"], row["computed_number"]
            state = self._seen.get(period)
            if state is None or state.computed_number != computed:
                state = _Seen(number, computed, now, now)
            if state.change_number != number:
                state.change_number, state.changed_at = number, now
            seen[period] = state
            if now >= self._cooldown_until.get(period, 0.0) and (
                now - state.changed_at >= QUIET_S or now - state.stale_since >= WAIT_S
            ):
                due.append(row)
        self._seen = seen
        self._cooldown_until = {period: until for period, until in self._cooldown_until.items() if until > now}
        return due

    def counted(self, period: Period, started: float, ended: float) -> None:
        """The cells of a period have been counted: if it stays stale, it waits again."""
        self._seen.pop(period, None)
        self._cooldown_until[period] = ended + min(COOLDOWN_FACTOR * (ended - started), MAX_COOLDOWN_S)

    def failed(self, period: Period, now: float) -> None:
        """The cells of a period could not be counted."""
        self._cooldown_until[period] = now + RETRY_S
