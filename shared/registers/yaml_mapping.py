"""Reads one mapping of a YAML register."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.registers.fields import code_problem, is_date
from shared.registers.parse import MAX_LENGTH, trimmed
from shared.registers.problems import Problems

MAX_DAYS = 36_600
MIN_NUMBER, MAX_NUMBER = 1e-9, 1e12


@dataclass(frozen=True, slots=True)
class YamlMapping:
    """One mapping of a YAML file and its location. A wrong value adds a sentence and returns a default."""

    where: str
    values: Mapping[str, Any]
    problems: Problems

    def add_problem(self, sentence: str) -> None:
        self.problems.add(self.where, sentence)

    def allow_only(self, names: tuple[str, ...]) -> "YamlMapping":
        for name in self.values:
            if name not in names:
                self.add_problem(f"'{name}' is unknown; known are {', '.join(names)}.")
        return self

    def mapping(self, name: str) -> "YamlMapping":
        value = self.values.get(name)
        if value is not None and not (isinstance(value, dict) and all(isinstance(key, str) for key in value)):
            self.add_problem(f"{name} must be a mapping.")
            value = None
        return YamlMapping(f"{self.where}, {name}", value or {}, self.problems)

    def text(self, name: str, default: str | None = None, *, max_length: int = MAX_LENGTH) -> str:
        value = self.values.get(name, default)
        value = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(value, str) or len(value) > max_length or "\0" in value:
            self.add_problem(f"{name} must be a text of at most {max_length} characters.")
            return ""
        return trimmed(value, name, self.where, self.problems)

    def code(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        if isinstance(value, str) and len(value) <= MAX_LENGTH:
            value = trimmed(value, name, self.where, self.problems)
        if problem := code_problem(value):
            self.add_problem(f"{name} {problem}.")
            return ""
        return str(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> Any:
        value = self.values.get(name)
        if value not in choices:
            self.add_problem(f"{name} must be one of {', '.join(choices)}.")
            return choices[0]
        return value

    def choices(self, name: str, choices: tuple[str, ...], default: list[str]) -> tuple[str, ...]:
        value = self.values.get(name, default)
        if not isinstance(value, list) or any(item not in choices for item in value):
            self.add_problem(f"{name} must be a list out of {', '.join(choices)}.")
            return ()
        return tuple(choice for choice in choices if choice in value)

    def integer(self, name: str, default: int) -> int:
        value = self.values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_DAYS:
            self.add_problem(f"{name} must be an integer from 1 to {MAX_DAYS}.")
            return default
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A number that can be calculated with in floating point: 0, or not too near to it and not too far from it."""
        value = self.values.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
            self.add_problem(f"{name} must be a number.")
            return 0.0
        if value and not MIN_NUMBER <= abs(value) <= MAX_NUMBER:
            self.add_problem(f"{name} must be 0 or of a size from {MIN_NUMBER:g} to {MAX_NUMBER:g}.")
            return 0.0
        return float(value)

    def day(self, name: str, default: date | None = None) -> date | None:
        value = self.values.get(name, default)
        if isinstance(value, str):
            value = is_date(value) or value
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            self.add_problem(f"{name} must be a date as 2026-03-31.")
            return default
        return value
