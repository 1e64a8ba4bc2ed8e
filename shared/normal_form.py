"""Unicode normal forms of untrusted text, in linear time."""

import re
from typing import Final, Literal
from unicodedata import normalize

_MAX_RUN: Final = 256
_LONG_RUN: Final = re.compile(f"[^\\x00-\\x7f]{{{_MAX_RUN}}}").search
_PIECES: Final = re.compile(f"(?s).{{1,{_MAX_RUN}}}[^\\x00-\\x7f]{{0,{_MAX_RUN}}}").findall


def normal_form(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Normalise the text, but a run of hundreds of characters outside ASCII in pieces.

    The standard library sorts a run of combining marks in quadratic time: minutes for 1 MiB of them.
    """
    if len(text) < _MAX_RUN or not _LONG_RUN(text):
        return normalize(form, text)
    return "".join(normalize(form, piece) for piece in _PIECES(text))
