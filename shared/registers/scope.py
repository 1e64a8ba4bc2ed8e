"""The cell of a key result: every key of its view but the period, checked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.disclosure.model import ALL, Cell
from shared.disclosure.model import VIEWS as PUBLISHED
from shared.disclosure.star import is_published
from shared.registers.figures import CLOSED_VALUES, CONSTANT_KEYS, KEY_VALUES
from shared.registers.parse import MAX_LENGTH, trimmed
from shared.registers.units import UnitRow
from shared.registers.yaml_mapping import YamlMapping

COMMON_KEYS = ("county", "scope_level", "scope", "channel", "segment")

Scopes = Mapping[tuple[str, str], Collection[str]]
"""The scopes that units have, by county and level."""


def scopes_of(units: Iterable[UnitRow]) -> Scopes:
    """Return the scopes of units."""
    scopes: dict[tuple[str, str], set[str]] = {}
    for row in units:
        for level, scope in row.scopes:
            scopes.setdefault((row.county, level), set()).add(scope)
    return scopes


def _further(view: str) -> Mapping[str, bool]:
    """The keys of a view beyond the common ones, and whether a value 'all' exists."""
    return {name: name not in PUBLISHED[view].without_all for name in PUBLISHED[view].further} if view else {}


def _published_values(view: str, name: str) -> tuple[str, ...]:
    """The values of a key in published rows of the view; empty where any code is valid."""
    values = CLOSED_VALUES.get(view, {}).get(name, ())
    channels = PUBLISHED[view].channels if values and name == "channel" else None
    return values if channels is None else tuple(value for value in values if value == ALL or value in channels)


def period_kind_problem(view: str, values: Mapping[str, Any], kind: str) -> str | None:
    """Return a sentence if rows with these keys are never published for periods of this kind."""
    if not view or not all(isinstance(values.get(name), str | int) for name in (*COMMON_KEYS, *_further(view))):
        return None  # another sentence says so
    keys = (values[name] for name in ("scope_level", "scope", "channel", "segment"))
    cell = Cell((view, kind, "", *keys, *(str(values[name]) for name in PUBLISHED[view].further)))
    if is_published(cell):
        return None
    return f"no {kind} with these keys is ever published (docs/figures.md, Where figures are)."


@dataclass(slots=True)
class Scope:
    """The keys of one key result. At level county the scope is the county. Keys that have a value 'all' default to
    it. `view` is empty where the metric is wrong.
    """

    item: YamlMapping
    view: str
    scopes: Scopes
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = {"channel": ALL, "segment": ALL, "scope_level": "county"}
        self.values |= {name: ALL for name, has_all in _further(self.view).items() if has_all}
        self.values |= {
            name: trimmed(value, name, self.item.where, self.item.problems) if isinstance(value, str) else value
            for name, value in self.item.values.items()
        }
        if self.values["scope_level"] == "county":
            self.values.setdefault("scope", self.values.get("county", ""))

    def checked(self) -> dict[str, str | int]:
        """Return every key of the cell but the period. Each wrong one adds a sentence."""
        before = len(self.item.problems.sentences)
        needed = ("county", "scope", *_further(self.view)) if self.values.get("county") else ("county",)
        for name in needed:
            if self.values.get(name) in (None, ""):
                more = "" if name in COMMON_KEYS else f"; the view {self.view} has it as a key"
                self.item.add_problem(f"{name} is missing{more}.")
        for name, value in self.values.items():
            if value not in (None, "") and (problem := self._key_problem(name, value)):
                self.item.add_problem(problem)
        if len(self.item.problems.sentences) == before:
            self._check_exists()
        return self.values

    def _key_problem(self, name: str, value: Any) -> str | None:
        if name not in KEY_VALUES:
            return f"'{name}' is unknown; known are {', '.join(KEY_VALUES)}."
        if self.view and name not in (*COMMON_KEYS, *_further(self.view)):
            return f"'{name}' is not a key of the view {self.view}."
        if allowed := KEY_VALUES[name]:
            if isinstance(value, bool) or value not in allowed:
                return f"{name} must be one of {', '.join(map(str, allowed))}."
        elif not isinstance(value, str) or len(value) > MAX_LENGTH or "\0" in value:
            return f"{name} must be a text of at most {MAX_LENGTH} characters (put it in quotes)."
        return self._value_problem(name, value)

    def _value_problem(self, name: str, value: str | int) -> str | None:
        """Return a sentence for a value that no row of the view has."""
        if value == ALL and not _further(self.view).get(name, True):
            return f"{name} has no value 'all' in the view {self.view}; name one."
        if value == "line" and name == "scope_level" and self.view and PUBLISHED[self.view].family != "fcr":
            return f"scope_level line has no rows in the view {self.view}."
        constant = CONSTANT_KEYS.get(self.view, {}).get(name, value)
        if value != constant:
            return f"{name} is always '{constant}' in the view {self.view}."
        published = _published_values(self.view, name)
        if published and value not in published:
            return f"{name} must be one of {', '.join(published)} in published rows of the view {self.view}."
        return None

    def _check_exists(self) -> None:
        county, level, code = (self.values[name] for name in ("county", "scope_level", "scope"))
        if not self.scopes:
            return  # units.csv is wrong
        if (county, "county") not in self.scopes:
            self.item.add_problem(f"county '{county}' has no unit in units.csv.")
        elif level != "line" and code not in self.scopes[county, level]:
            self.item.add_problem(f"scope '{code}' is that of no unit: no row of units.csv has it as its {level}.")
        elif problem := period_kind_problem(self.view, self.values, "quarter"):
            self.item.add_problem(problem)
