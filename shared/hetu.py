"""The Finnish personal identity code: whether a text is one, and whether a text contains one.

docs/events.md (Persons and privacy) describes both rules. A client's code must be fully valid (real date, individual
number, century). Anywhere else the shape of a code with the right check character is enough to reject the record: no
identifier may bypass pseudonymisation.
"""

import re
from datetime import date
from typing import Final
from unicodedata import category

from shared.contracts import strict_json
from shared.normal_form import normal_form

CHECK: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
CENTURIES: Final = {"+": 1800} | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)
# Unicode White_Space. `str.strip()` also removes U+001C to U+001F.
WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_WHOLE: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([-+A-FU-Y])([0-9]{3})([0-9A-Y])").fullmatch
_ANYWHERE: Final = re.compile(
    r"(?<![0-9A-Za-z])((?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])[0-9]{2})[-+A-FU-Ya-fu-y]([0-9]{3})([0-9A-Ya-y])"
    r"(?![0-9A-Za-z])"
)


_WITHOUT_WIDTH: Final = frozenset({"Cc", "Cf", "Mn", "Me"})  # categories: control, format, combining
_DASHES: Final = re.compile("[\u2010-\u2015\u2212]").sub


def _plain(text: str) -> str:
    """Normalise to NFKC, with Unicode dashes as hyphens: word processors and forms write codes with such characters."""
    return text if text.isascii() else _DASHES("-", normal_form("NFKC", text))


def normalised(text: str) -> str:
    """Normalise, trim and upper-case. Only ASCII is upper-cased: `str.upper` turns a dotless i into I."""
    text = _plain(text).strip(WHITE_SPACE)
    return text.upper() if text.isascii() else text


def birth_date(code: str) -> date | None:
    """Return the birth date of a normalised, valid code, else None. The caller checks that it is not in the future."""
    match = _WHOLE(code)
    if match is None:
        return None
    day, month, year, separator, individual, check = match.groups()
    if individual < "002" or not _check_matches(day + month + year, individual, check):
        return None
    try:
        return date(CENTURIES[separator] + int(year), int(month), int(day))
    except ValueError:
        return None


def holds_code(text: str) -> bool:
    """Whether the normalised text contains a code with no letter or digit of any script on either side."""
    text = _plain(text)
    return any(
        _check_matches(match[1], match[2], match[3].upper()) and _is_isolated(text, *match.span())
        for match in _ANYWHERE.finditer(text)  # isolated codes cannot overlap, so finditer skips none
    )


def shows_code(text: str) -> bool:
    """Whether a reader of the text sees a code: `holds_code`, also where characters without width are in the code."""
    if text.isascii() and text.isprintable():
        return holds_code(text)
    return holds_code(text) or holds_code("".join(filter(_has_width, text)))


def _has_width(character: str) -> bool:
    return character in WHITE_SPACE or category(character) not in _WITHOUT_WIDTH


def _check_matches(day: str, individual: str, check: str) -> bool:
    return CHECK[int(day + individual) % len(CHECK)] == check


def _is_isolated(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (before.isalpha() or before.isdecimal() or after.isalpha() or after.isdecimal())


_SHAPE: Final = b"000000-000"
_OVERLAP: Final = b"000000-000000-000"
UNCOUNTED: Final = -1
# UTF-8 bytes of ASCII and of U+00C0 to U+00FF, the letters of Finnish and Swedish: normalisation does not change them.
_PLAIN_BYTES: Final = bytes(range(0xC0)) + b"\xc3"


def shapes(classed: bytes) -> int:
    """Count the substrings of a classed text (`strict_json.classed`) that have the shape of a code.

    Returns `UNCOUNTED` when they overlap and the count is uncertain. This is a prefilter: it may have false positives,
    but never false negatives. A text with letters that Finnish does not use is classed again after normalisation.
    """
    if not classed.isascii() and classed.translate(None, _PLAIN_BYTES):
        text = classed.decode("utf-8", "replace")
        if (plain := _plain(text)) != text:
            classed = strict_json.classed(plain.encode("utf-8"))
    count = classed.count(_SHAPE)
    return UNCOUNTED if count and _OVERLAP in classed else count
