"""Texts of the report in its languages. A text that a language lacks is shown in English, so that nothing is empty."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.report.model import Language, Name

FOLDER: Final = Path(__file__).with_name("texts")


@cache
def texts(language: Language) -> dict[str, Any]:
    """The texts of a language by their names."""
    english = _load("en")
    return english | _load(language) if language != "en" else english


@cache
def definitions() -> dict[str, Any]:
    """Names and definitions of figures, columns and abbreviations, each by language."""
    return _load("figures")


def text(language: Language, name: str, /, **values: object) -> str:
    """A text with its values put in."""
    return str(texts(language)[name]).format(**values)


def name_in(language: Language, name: Name) -> str:
    """The name in the language. A code without any name is shown as words; a missing translation says so."""
    if found := name.names.get(language):
        return found
    other = next((found for found in name.names.values() if found), None)
    if other is not None:
        return text(language, "no_name", code=other)
    words = name.code.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else name.code


def _load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return found
