"""Texts of dashboards in their languages. A text that is missing is an error when the dashboards are written.

`texts/<dashboard>.yaml` has the texts of one dashboard, `texts/shared.yaml` those of all. Names and definitions of
figures and columns are those of the report (`deploy/report/texts`).
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from deploy.report import LANGUAGES, Language
from deploy.report.numbers import wait
from deploy.report.texts import definitions
from deploy.report.texts import text as report_text

FOLDER: Final = Path(__file__).with_name("texts")
_SHARED: Final = "shared"


@cache
def load(part: str) -> dict[str, dict[Language, str]]:
    """The texts of a file: by name, then by language. Raises ValueError where a text lacks a language."""
    found: dict[str, dict[Language, str]] = yaml.safe_load((FOLDER / f"{part}.yaml").read_text(encoding="utf-8"))
    for name, languages in found.items():
        if tuple(languages) != LANGUAGES or not all(languages.values()):
            raise ValueError(f"{part}.yaml: {name} needs {', '.join(LANGUAGES)}, in this order")
    return found


@dataclass(frozen=True)
class Texts:
    """The texts of one dashboard in one language. `used` collects the file and name of each text that is asked for."""

    language: Language
    part: str
    used: set[tuple[str, str]] = field(default_factory=set)

    def __call__(self, name: str, /, **values: object) -> str:
        """A text of the dashboard, or else a shared one, with its values put in. Raises KeyError."""
        part = self.part if name in load(self.part) else _SHARED
        self.used.add((part, name))
        return load(part)[name][self.language].format(**values)

    def figure(self, view: str) -> str:
        """The name of a figure."""
        return str(definitions()["figures"][view]["name"][self.language])

    def definition(self, view: str) -> str:
        """What a figure means, in sentences."""
        return str(definitions()["figures"][view]["definition"][self.language])

    def column(self, label: str) -> str:
        """The name of a column, by its label in figures.yaml."""
        return str(definitions()["columns"][label][self.language])

    def wait(self, seconds: float) -> str:
        """A wait: the upper bound of its class."""
        return wait(self.language, seconds)

    def report(self, name: str, /, **values: object) -> str:
        """A text of the report."""
        return report_text(self.language, name, **values)
