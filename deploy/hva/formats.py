"""Figures formatted for people: shares in per cent, waits in minutes, few decimals."""

from datetime import date
from typing import Final

from shared.registers.figures import is_share

_WAITS: Final = frozenset({"wait_p50", "wait_p90"})
_MAX_FINITE_WAIT_MIN: Final = 1440  # the last finite bound of the waiting-time histogram


def formatted(column: str, value: object) -> str:
    """A value of a column; a dash for null. JSON and CSV keep all digits."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int() | float() if column == "percent_printed":
            return f"{value} %"
        case int() | float() if column in _WAITS:
            return _wait(value)
        case int() | float() if is_share(column):
            return f"{100 * value:.1f} %"
        case float():
            return f"{value:.2f}" if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _wait(seconds: float) -> str:
    """A quantile is the upper bound of its histogram bucket, so the wait was at most that long."""
    if seconds == float("inf"):
        return f"> {_MAX_FINITE_WAIT_MIN} min"
    return f"≤ {round(seconds / 60, 1):g} min"
