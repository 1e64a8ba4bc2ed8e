"""Unicode normal forms of what others send, in a time that grows with its length."""

import re
from typing import Final, Literal
from unicodedata import normalize

_LONGEST: Final = 256
_LONG_RUN: Final = re.compile(f"[^\\x00-\\x7f]{{{_LONGEST}}}").search
_PIECES: Final = re.compile(f"(?s).{{1,{_LONGEST}}}[^\\x00-\\x7f]{{0,{_LONGEST}}}").findall


def normal_form(form: Literal["NFC", "NFKC"], text: str) -> str:
    """The text in the form, except that a run of hundreds of characters outside ASCII is normalised in pieces.

    The standard library sorts a run of combining marks in the square of its length: minutes for 1 MiB of them.
    """
    if len(text) < _LONGEST or not _LONG_RUN(text):
        return normalize(form, text)
    return "".join(normalize(form, piece) for piece in _PIECES(text))
