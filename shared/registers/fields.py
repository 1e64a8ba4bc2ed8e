"""Reads one field of a register at a time: text to a value, or a sentence about its problem."""

import re
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from shared.registers.parse import MAX_LENGTH, Line
from shared.registers.problems import Problems

RESERVED = frozenset({"all", "-"})
"""Codes with a meaning in figures: the sum over all codes, and the absence of a code."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE = re.compile(r"\d{1,7}", re.ASCII)
_COUNTY = re.compile(r"[a-z0-9-]+", re.ASCII)
_BOOLEANS = {"true": True, "false": False}

Choice = TypeVar("Choice", bound=str)


def is_date(text: str) -> date | None:
    """Return the date of a text in the form `2026-03-31`; None for anything else."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(slots=True)
class Fields:
    """Reads the fields of one line. A wrong field adds a sentence and makes the line invalid."""

    line: Line
    problems: Problems
    valid: bool = True

    def add_problem(self, sentence: str) -> None:
        self.problems.add(self.line.where, sentence)
        self.valid = False

    def text(self, column: str) -> str:
        return self.line.fields[column]

    def code(self, column: str, *, empty: bool = False) -> str:
        """Return a code: up to 200 characters, not reserved, and empty only if `empty` allows it."""
        text = self.line.fields[column]
        if not text and not empty:
            self.add_problem(f"{column} is empty; give a code.")
        elif text in RESERVED:
            self.add_problem(f"{column} is the reserved code '{text}'; choose another.")
        return text

    def county(self, column: str = "county") -> str:
        text = self.code(column)
        if text and text not in RESERVED and not _COUNTY.fullmatch(text):
            self.add_problem(f"{column} '{text}' may have only a-z, 0-9 and '-'.")
        return text

    def choice(self, column: str, choices: tuple[Choice, ...]) -> Choice | None:
        """Return one of a closed list, else None. A wrong value gets no default, which could cause further problems."""
        text = self.line.fields[column]
        for choice in choices:
            if text == choice:
                return choice
        self.add_problem(f"{column} '{text}' is unknown; it must be one of {', '.join(c or 'empty' for c in choices)}.")
        return None

    def boolean(self, column: str) -> bool:
        text = self.line.fields[column]
        if text not in _BOOLEANS:
            self.add_problem(f"{column} '{text}' must be true or false.")
        return _BOOLEANS.get(text, False)

    def day(self, column: str) -> date | None:
        """Return a date in the form 2026-03-31, or None if the field is empty."""
        text = self.line.fields[column]
        day = is_date(text)
        if text and day is None:
            self.add_problem(f"{column} '{text}' is not a date; write it as 2026-03-31.")
        return day

    def span(self) -> tuple[date | None, date | None]:
        """Return `valid_from` and `valid_to`. If both are given, the first must be before the second."""
        start, end = self.day("valid_from"), self.day("valid_to")
        if start is not None and end is not None and start >= end:
            self.add_problem(f"valid_from {start} must be before valid_to {end}.")
        return start, end

    def integer(self, column: str, maximum: int, *, empty: bool = False) -> int:
        """Return an integer from 0 to `maximum`, and 0 for an empty field if `empty` allows it."""
        text = self.line.fields[column]
        if not text and empty:
            return 0
        if not _WHOLE.fullmatch(text) or int(text) > maximum:
            found = f"'{text}'" if text else "is missing; it"
            self.add_problem(f"{column} {found} must be an integer from 0 to {maximum}.")
            return 0
        return int(text)


def code_problem(value: object) -> str | None:
    """Return the problem of a code from YAML, as the end of a sentence; None if it is valid."""
    if not isinstance(value, str) or not value:
        return "must be a text that is not empty (put it in quotes)"
    if len(value) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    if "\0" in value:
        return "has a NUL character"
    return f"is the reserved code '{value}'" if value in RESERVED else None
