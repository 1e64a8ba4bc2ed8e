"""Texts in the languages of the report, the choice of a language for a request, and durations."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.report.model import LANGUAGES, Language
from deploy.report.numbers import number

DEFAULT: Final[Language] = "fi"
TEXTS: Final[Mapping[Language, Mapping[str, Any]]] = {
    language: tomllib.loads((Path(__file__).parent / "texts" / f"{language}.toml").read_text(encoding="utf-8"))
    for language in LANGUAGES
}
_ACCEPTED: Final = re.compile(
    r"\s*([a-zA-Z]{1,8})(?:-[a-zA-Z0-9-]{1,60})?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)
_MOST_ACCEPTED: Final = 20
_NO_BREAK: Final = "\u00a0"
_UNITS: Final = (("days", 48 * 3600, 24 * 3600), ("hours", 2 * 3600, 3600), ("minutes", 120, 60))


def accepted_language(header: str) -> Language:
    """The language that an Accept-Language header prefers among ours; Finnish where it prefers none."""
    found: list[tuple[float, Language]] = []
    for part in header.split(",")[:_MOST_ACCEPTED]:
        match = _ACCEPTED.fullmatch(part)
        language = as_language(match[1].lower()) if match else None
        if match and language and float(match[2] or 1) > 0:
            found.append((float(match[2] or 1), language))
    return max(found, key=lambda one: one[0])[1] if found else DEFAULT


def as_language(code: str) -> Language | None:
    """The language with this code, if it is one of ours."""
    return next((language for language in LANGUAGES if language == code), None)


def language_of_path(path: str) -> Language | None:
    """The language in which an address ends (`/sv`, `/report/…/sv.csv`), for pages about what went wrong."""
    return as_language(path.rstrip("/").rpartition("/")[2].partition(".")[0])


def duration(language: Language, seconds: float) -> str:
    """A duration in its largest sensible unit: 45 s, 3 min, 12 h, 4 d."""
    ages = TEXTS[language]["age"]
    for unit, at_least, size in _UNITS:
        if seconds >= at_least:
            return str(ages[unit]).format(n=number(language, seconds // size, 0)).replace(" ", _NO_BREAK)
    digits = 0 if seconds >= 10 or seconds == int(seconds) else 2 if seconds < 1 else 1
    return str(ages["seconds"]).format(n=number(language, max(seconds, 0), digits)).replace(" ", _NO_BREAK)
