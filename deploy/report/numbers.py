"""Numbers, dates and periods as each language writes them."""

from datetime import datetime
from typing import Final

from deploy.report.model import Language, Unit, Value
from deploy.report.periods import parse_quarter
from deploy.report.texts import text, texts
from shared.registers.calendar import HELSINKI

_NARROW: Final = "\u202f"  # no-break, between thousands and before a unit
_MINUS: Final = "−"
_LAST_IN_MINUTES_S: Final = 3600
_LAST_WAIT_S: Final = 86400  # the last finite bound of the waiting-time histogram


def number(language: Language, value: float, decimals: int, sign: bool = False) -> str:
    """A number with the decimals of a language; `sign` writes a plus, too. A rounded zero has no sign."""
    plain = f"{abs(value):,.{decimals}f}"
    digits = plain.replace(",", _NARROW)
    if language != "en":
        digits = digits.replace(".", ",")
    if not any(char in "123456789" for char in plain):
        return digits
    return (_MINUS if value < 0 else "+" if sign else "") + digits


def per_cent(language: Language, value: float, decimals: int = 1, sign: bool = False) -> str:
    """A value that is in per cent already."""
    return f"{number(language, value, decimals, sign)}{_NARROW}%"


def amount(language: Language, unit: Unit, value: float) -> str:
    """A number of a unit, without an interval."""
    match unit:
        case "share":
            return per_cent(language, 100 * value)
        case "percent":
            return per_cent(language, value, 0)
        case "points":
            return number(language, value, 1)
        case "ratio":
            return number(language, value, 2)
        case "wait":
            return wait(language, value)
        case "boolean":
            return text(language, "is_true" if value else "is_false")
        case "count":
            return number(language, value, 0 if value == int(value) else 1)


def shown(language: Language, value: Value) -> str:
    """A value for people, or the reason why there is none."""
    if value.number is None:
        return text(language, value.reason or "missing")
    first = amount(language, value.unit, value.number)
    if value.high is None:
        return first
    return text(language, "interval", low=first, high=amount(language, value.unit, value.high))


def wait(language: Language, seconds: float) -> str:
    """A waiting time is the upper bound of its class."""
    if seconds > _LAST_WAIT_S:
        return text(language, "more_than_day")
    if seconds < 60:
        return text(language, "at_most", value=text(language, "seconds", value=number(language, seconds, 0)))
    if seconds <= _LAST_IN_MINUTES_S:
        return text(language, "at_most", value=text(language, "minutes", value=number(language, seconds / 60, 0)))
    return text(language, "at_most", value=text(language, "hours", value=number(language, seconds / 3600, 0)))


def difference(language: Language, unit: Unit, points: float, short: bool = False) -> str:
    """A change in its unit, with its sign: percentage points of a share, points of a score, else a number. `short`:
    with the unit abbreviated.
    """
    if unit in ("share", "percent"):
        return text(language, "points_short" if short else "points", value=number(language, points, 1, sign=True))
    if unit == "points":
        return text(language, "points_score", value=number(language, points, 1, sign=True))
    decimals = 2 if unit == "ratio" else 0 if points == int(points) else 1
    return number(language, points, decimals, sign=True)


def day(language: Language, at: datetime) -> str:
    """The local date of an instant."""
    local = at.astimezone(HELSINKI)
    if language == "en":
        return f"{local.day} {texts(language)['months'][local.month - 1]} {local.year}"
    return f"{local.day}.{local.month}.{local.year}"


def minute(language: Language, at: datetime) -> str:
    """The local date and time of an instant."""
    local = at.astimezone(HELSINKI)
    clock = f"{local.hour}.{local.minute:02}" if language != "en" else f"{local.hour:02}:{local.minute:02}"
    return f"{day(language, at)} {clock}"


def period(language: Language, code: str, short: bool = False) -> str:
    """A month or quarter in words; `short` for axes and column heads."""
    if "Q" in code:
        year, quarter = parse_quarter(code)
        return text(language, "quarter_short" if short else "quarter_long", year=year, number=quarter)
    year_text, month = code.split("-")
    return f"{int(month)}/{year_text[2:]}" if short else f"{texts(language)['months'][int(month) - 1]} {year_text}"
