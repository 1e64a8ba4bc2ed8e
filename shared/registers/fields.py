"""One field at a time: text of a register to a value, or a sentence about what is wrong with it."""

import re
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from shared.registers.parse import LONGEST, Line
from shared.registers.problems import Problems

RESERVED = frozenset({"all", "-"})
"""Codes that figures use themselves: the sum over all codes, and the absence of one."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE = re.compile(r"\d{1,7}", re.ASCII)
_COUNTY = re.compile(r"[a-z0-9-]+", re.ASCII)
_BOOLEANS = {"true": True, "false": False}

Choice = TypeVar("Choice", bound=str)


def is_date(text: str) -> date | None:
    """The date that a text is, in the one form `2026-03-31`; None for anything else."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(slots=True)
class Fields:
    """Reads the fields of one line; a field that will not do adds a sentence and makes the line unfit."""

    line: Line
    problems: Problems
    fit: bool = True

    def wrong(self, sentence: str) -> None:
        self.problems.add(self.line.where, sentence)
        self.fit = False

    def text(self, column: str) -> str:
        return self.line.fields[column]

    def code(self, column: str, *, empty: bool = False) -> str:
        """A code: up to 200 characters, none of the reserved; empty only where that means something."""
        text = self.line.fields[column]
        if not text and not empty:
            self.wrong(f"{column} is empty; give a code.")
        elif text in RESERVED:
            self.wrong(f"{column} is the reserved code '{text}'; choose another.")
        return text

    def county(self, column: str = "county") -> str:
        text = self.code(column)
        if text and text not in RESERVED and not _COUNTY.fullmatch(text):
            self.wrong(f"{column} '{text}' may have only a-z, 0-9 and '-'.")
        return text

    def choice(self, column: str, choices: tuple[Choice, ...]) -> Choice | None:
        """One of a closed list, else None: nothing stands in for what is wrong, since more would seem wrong by it."""
        text = self.line.fields[column]
        for choice in choices:
            if text == choice:
                return choice
        self.wrong(f"{column} '{text}' is unknown; it must be one of {', '.join(c or 'empty' for c in choices)}.")
        return None

    def boolean(self, column: str) -> bool:
        text = self.line.fields[column]
        if text not in _BOOLEANS:
            self.wrong(f"{column} '{text}' must be true or false.")
        return _BOOLEANS.get(text, False)

    def day(self, column: str) -> date | None:
        """A date as 2026-03-31, or None where the field is empty."""
        text = self.line.fields[column]
        day = is_date(text)
        if text and day is None:
            self.wrong(f"{column} '{text}' is not a date; write it as 2026-03-31.")
        return day

    def span(self) -> tuple[date | None, date | None]:
        """`valid_from` and `valid_to`, the first before the second where both stand."""
        start, end = self.day("valid_from"), self.day("valid_to")
        if start is not None and end is not None and start >= end:
            self.wrong(f"valid_from {start} must be before valid_to {end}.")
        return start, end

    def whole(self, column: str, most: int, *, empty: bool = False) -> int:
        """A whole number from 0 to `most`; 0 stands for an empty field where one is allowed."""
        text = self.line.fields[column]
        if not text and empty:
            return 0
        if not _WHOLE.fullmatch(text) or int(text) > most:
            said = f"'{text}'" if text else "is missing; it"
            self.wrong(f"{column} {said} must be a whole number from 0 to {most}.")
            return 0
        return int(text)


def code_problem(value: object, *, longest: int = LONGEST) -> str | None:
    """What is wrong with a code out of YAML, as the end of a sentence; None when it will do."""
    if not isinstance(value, str) or not value:
        return "must be a text that is not empty (put it in quotes)"
    if len(value) > longest:
        return f"is longer than {longest} characters"
    if "\0" in value:
        return "has a NUL character"
    return f"is the reserved code '{value}'" if value in RESERVED else None
