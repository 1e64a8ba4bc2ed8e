"""The field types of event data, defined once for validation, canonical decoding and the JSON Schemas."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema

MAX_LENGTH: Final = 200  # characters (code points) of an id or code
BIGINT: Final = 2**63 - 1
MAX_DIGITS: Final = 4300  # Python refuses to convert longer numbers to text

_RFC3339: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]):([0-5][0-9])"
    r"(?:\.([0-9]+))?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
).fullmatch
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch


def canonical_instant(value: object) -> str:
    """Return RFC 3339 text in canonical form: UTC, six decimals (truncated, not rounded), `Z`. Raises ValueError.

    Canonical texts sort like the times. Ingest works with the texts: converting them to datetimes costs four times as
    much.
    """
    if not isinstance(value, str):
        raise ValueError("not an RFC 3339 time with offset")
    # Events of the same time arrive together, so the minute with its offset is mostly cached: a third of the work.
    if value[16:19] in _SECONDS:
        utc = _MINUTES.get(value[:16] + value[19:])
        if utc is not None:
            return f"{utc}{value[16:19]}.000000Z"
    return _instant(value)


def _instant(value: str) -> str:
    match = _RFC3339(value)
    if match is None:
        raise ValueError("not an RFC 3339 time with offset")
    minute, second, fraction, offset = match.groups()
    utc = _MINUTES.get(minute + offset)
    if utc is None:
        try:
            moment = datetime.fromisoformat(f"{minute}:00{offset.upper()}").astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError("no such time") from None
        if len(_MINUTES) >= _MAX_MINUTES:
            _MINUTES.clear()
        utc = _MINUTES[minute + offset] = moment.isoformat("T", "minutes")[:16]
    return f"{utc}:{second}.{fraction[:6]:0<6}Z" if fraction else f"{utc}:{second}.000000Z"


_SECONDS: Final = frozenset(f":{second:02}" for second in range(60))
_MINUTES: Final[dict[str, str]] = {}  # `2026-04-01T00:00+03:00` is `2026-03-31T21:00`
_MAX_MINUTES: Final = 65_536


def parse_instant(value: object) -> datetime:
    """Return RFC 3339 text as an aware UTC datetime, truncated to microseconds. Raises ValueError."""
    # Canonical text, which is nearly all text after ingest, is parsed at a tenth of the cost. With its separators in
    # position, `fromisoformat` accepts only digits, and the hour 24, which newer Python versions allow.
    if type(value) is str and len(value) == 27 and value[4:20:3] == "--T::." and value[26] == "Z":
        if value[11:13] == "24":
            raise ValueError("no such time")
        return datetime.fromisoformat(value)
    return datetime.fromisoformat(canonical_instant(value))


def format_instant(moment: datetime) -> str:
    """Return the canonical text of an aware UTC time."""
    return moment.isoformat("T", "microseconds")[:26] + "Z"


def parse_date(value: object) -> date:
    """Parse `YYYY-MM-DD` and no other form. Raises ValueError."""
    if not isinstance(value, str) or _DATE(value) is None:
        raise ValueError("not a date YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("no such date") from None


# U+0000 cannot be stored, and `all` and `-` mean "every" and "none" in figures. The pattern works without look-ahead,
# which pydantic's engine lacks: any first character but `-` and `a`; `-` and more; `a`, `al` and every text that
# continues differently from `all`.
_NO_NUL: Final = r"^[^\x00]*$"
_NOT_RESERVED: Final = r"^(?:[^\x00\-a][^\x00]*|-[^\x00]+|a(?:[^\x00l][^\x00]*|l(?:[^\x00l][^\x00]*|l[^\x00]+)?)?)$"
PSEUDONYM: Final = r"^[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{22}$"

_DIGITS: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
DATE_SCHEMA: Final[dict[str, Any]] = {"type": "string", "format": "date", "pattern": f"^{_DIGITS}$"}
TIME_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "format": "date-time",
    "pattern": f"^{_DIGITS}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-5][0-9](\\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$",
}

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH, pattern=_NO_NUL)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH, pattern=_NOT_RESERVED)]
Pseudonym = Annotated[str, StringConstraints(pattern=PSEUDONYM)]
Revision = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0, le=BIGINT)]
Instant = Annotated[datetime, PlainValidator(parse_instant), WithJsonSchema(TIME_SCHEMA)]
Day = Annotated[date, PlainValidator(parse_date), WithJsonSchema(DATE_SCHEMA)]


class Data(BaseModel):
    """The base of all `data`. Strict: "9" is no number, 1 is no boolean; unknown fields are dropped.

    An integer written as 9.0 must be converted to 9 before: strict mode checks Python's types, not JSON's.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    revision: Revision = 1


def ordered(valid_from: date, valid_to: date | None) -> None:
    """Check that a half-open interval of dates is not empty. Raises ValueError."""
    if valid_to is not None and not valid_from < valid_to:
        raise ValueError("valid_from is not before valid_to")


def exactly_one(*ids: str | None) -> None:
    """Check that a retraction names one fact. Raises ValueError."""
    if sum(value is not None for value in ids) != 1:
        raise ValueError("not exactly one id")
