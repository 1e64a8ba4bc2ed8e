"""The Finnish personal identity code: is a text one, and does a text hold one.

Two rules, both the contract's. A client's code must be wholly right (real date, individual number, century). Anywhere
else a shape with the right check character is enough to refuse: a record must not carry a person past the pseudonym.
"""

import re
from datetime import date
from typing import Final

from shared.contracts import strict_json
from shared.normal_form import normal_form

CHECK: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
CENTURIES: Final = {"+": 1800} | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)
# Unicode White_Space, which `str.strip()` alone exceeds by U+001C to U+001F.
WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_WHOLE: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([-+A-FU-Y])([0-9]{3})([0-9A-Y])").fullmatch
_ANYWHERE: Final = re.compile(
    r"(?<![0-9A-Za-z])((?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])[0-9]{2})[-+A-FU-Ya-fu-y]([0-9]{3})([0-9A-Ya-y])"
    r"(?![0-9A-Za-z])"
)


_DASHES: Final = re.compile("[\u2010-\u2015\u2212]").sub


def _plain(text: str) -> str:
    """In NFKC, with the dashes of Unicode as hyphens: word processors and forms write codes with such characters."""
    return text if text.isascii() else _DASHES("-", normal_form("NFKC", text))


def normalised(text: str) -> str:
    """Plain, trimmed and upper-cased. Only ASCII: `str.upper` would make an I of a dotless one."""
    text = _plain(text).strip(WHITE_SPACE)
    return text.upper() if text.isascii() else text


def birth_date(code: str) -> date | None:
    """The date in a normalised code whose every part is right, else None. Whether it is past is the caller's."""
    match = _WHOLE(code)
    if match is None:
        return None
    day, month, year, separator, individual, check = match.groups()
    if individual < "002" or not _checks(day + month + year, individual, check):
        return None
    try:
        return date(CENTURIES[separator] + int(year), int(month), int(day))
    except ValueError:
        return None


def holds_code(text: str) -> bool:
    """Whether a code stands in the plain text with no letter or digit of any script on either side."""
    text = _plain(text)
    return any(
        _checks(match[1], match[2], match[3].upper()) and _stands_alone(text, *match.span())
        for match in _ANYWHERE.finditer(text)  # two that stand alone cannot overlap, so none is passed over
    )


def _checks(day: str, individual: str, check: str) -> bool:
    return CHECK[int(day + individual) % len(CHECK)] == check


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (before.isalpha() or before.isdecimal() or after.isalpha() or after.isdecimal())


_SHAPE: Final = b"000000-000"
_OVERLAP: Final = b"000000-000000-000"
UNCOUNTED: Final = -1
# Bytes of UTF-8 for ASCII and U+00C0 to U+00FF, the letters of Finnish and Swedish: both are plain as they stand.
_PLAIN_BYTES: Final = bytes(range(0xC0)) + b"\xc3"


def shapes(classed: bytes) -> int:
    """How many places of a classed text (`strict_json.classed`) look like a code.

    `UNCOUNTED` when they overlap and no count is sure. A prefilter: it may see too much, and misses nothing.
    A text with other letters than those of Finnish is classed again in its plain form, where that is another.
    """
    if not classed.isascii() and classed.translate(None, _PLAIN_BYTES):
        text = classed.decode("utf-8", "replace")
        if (plain := _plain(text)) != text:
            classed = strict_json.classed(plain.encode("utf-8"))
    count = classed.count(_SHAPE)
    return UNCOUNTED if count and _OVERLAP in classed else count
