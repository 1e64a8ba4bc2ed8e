"""The YAML registers: the segment rule and the key results."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from shared.registers.fields import code_problem, is_date
from shared.registers.figures import KEY_VALUES, VIEWS
from shared.registers.model import KeyResult, SegmentRule
from shared.registers.parse import MAX_LENGTH, read_yaml, trimmed
from shared.registers.problems import Problems

GROUNDS = ("E1", "E2", "E3", "E4", "E6")
SUUNTIMA_RESULTS = ("omatoimi", "yhteistyo", "yhteiso", "verkosto")
MAX_DAYS = 36_600
RULE_KEYS = ("version", "enabled", "figures_from", "parameters")
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "E3": {"results": ["verkosto"], "valid_days": 365},
    "E4": {"min_sectors": 3, "window_days": 365},
    "E6": {"scheme": "oma", "segment": "monialainen"},
}
"""The defaults of `segment_rule.yaml`; the file overrides each separately."""
KEY_RESULT_KEYS = (
    *("id", "name_fi", "name_sv", "name_en", "metric", "scope", "direction", "target", "target_mode"),
    *("baseline", "margin", "owner", "valid_period"),
)


@dataclass(frozen=True, slots=True)
class _Mapping:
    """One mapping of a YAML file and its location. A wrong value adds a sentence and returns a default."""

    where: str
    values: Mapping[str, Any]
    problems: Problems

    def add_problem(self, sentence: str) -> None:
        self.problems.add(self.where, sentence)

    def allow_only(self, names: tuple[str, ...]) -> "_Mapping":
        for name in self.values:
            if name not in names:
                self.add_problem(f"'{name}' is unknown; known are {', '.join(names)}.")
        return self

    def mapping(self, name: str) -> "_Mapping":
        value = self.values.get(name)
        if value is not None and not (isinstance(value, dict) and all(isinstance(key, str) for key in value)):
            self.add_problem(f"{name} must be a mapping.")
            value = None
        return _Mapping(f"{self.where}, {name}", value or {}, self.problems)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        value = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(value, str) or len(value) > MAX_LENGTH or "\0" in value:
            self.add_problem(f"{name} must be a text of at most {MAX_LENGTH} characters.")
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
        value = self.values.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
            return float(value)
        self.add_problem(f"{name} must be a number.")
        return 0.0

    def day(self, name: str, default: date | None = None) -> date | None:
        value = self.values.get(name, default)
        if isinstance(value, str):
            value = is_date(value) or value
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            self.add_problem(f"{name} must be a date as 2026-03-31.")
            return default
        return value


def segment_rule(path: Path, problems: Problems) -> SegmentRule:
    """Return the rule, with defaults for missing values."""
    rule = _Mapping(path.name, read_yaml(path, problems), problems).allow_only(RULE_KEYS)
    parameters = rule.mapping("parameters").allow_only(tuple(PARAMETERS))
    e3, e4, e6 = (parameters.mapping(name).allow_only(tuple(PARAMETERS[name])) for name in PARAMETERS)
    return SegmentRule(
        version=rule.text("version", "2026-1"),
        enabled=rule.choices("enabled", GROUNDS, list(GROUNDS)),
        figures_from=rule.day("figures_from", date(2023, 1, 1)) or date(2023, 1, 1),
        e3_results=e3.choices("results", SUUNTIMA_RESULTS, PARAMETERS["E3"]["results"]),
        e3_valid_days=e3.integer("valid_days", PARAMETERS["E3"]["valid_days"]),
        e4_min_sectors=e4.integer("min_sectors", PARAMETERS["E4"]["min_sectors"]),
        e4_window_days=e4.integer("window_days", PARAMETERS["E4"]["window_days"]),
        e6_scheme=e6.code("scheme", PARAMETERS["E6"]["scheme"]),
        e6_segment=e6.code("segment", PARAMETERS["E6"]["segment"]),
    )


def key_results(path: Path, problems: Problems) -> tuple[KeyResult, ...]:
    """Return the key results in the order of the file. Ids must be unique."""
    content = _Mapping(path.name, read_yaml(path, problems), problems).allow_only(("key_results",)).values
    listed = content.get("key_results") or []
    if not isinstance(listed, list):
        problems.add(path.name, "key_results must be a list.")
        return ()
    found: dict[str, KeyResult] = {}
    for number, item in enumerate(listed, 1):
        where = f"{path.name} item {number}"
        if not isinstance(item, dict) or not all(isinstance(key, str) for key in item):
            problems.add(where, "the item must be a mapping.")
            continue
        result = _key_result(_Mapping(where, item, problems).allow_only(KEY_RESULT_KEYS))
        if result.id and result.id in found:
            problems.add(where, f"id '{result.id}' is already used; give every key result its own.")
        found[result.id] = result
    return tuple(found.values())


def _key_result(item: _Mapping) -> KeyResult:
    view, column = _metric(item)
    period = item.mapping("valid_period").allow_only(("from", "to"))
    start, end = period.day("from"), period.day("to")
    if start is not None and end is not None and start >= end:
        period.add_problem("from must be before to.")
    return KeyResult(
        id=item.code("id"),
        name_fi=item.text("name_fi", ""),
        name_sv=item.text("name_sv", ""),
        name_en=item.text("name_en", ""),
        view=view,
        column=column,
        scope=_scope(item.mapping("scope")),
        direction=item.choice("direction", ("increase", "decrease", "reach", "maintain")),
        target=item.number("target"),
        target_mode=item.choice("target_mode", ("absolute", "relative", "points")),
        baseline=_baseline(item),
        margin=item.number("margin", 0.0),
        owner=item.text("owner", ""),
        valid_from=start,
        valid_to=end,
    )


def _metric(item: _Mapping) -> tuple[str, str]:
    view, _, column = item.text("metric").partition(".")
    if view not in VIEWS:
        item.add_problem(f"metric must be view.column with a view out of {', '.join(VIEWS)}.")
    elif column not in VIEWS[view]:
        item.add_problem(f"metric column '{column}' is not in the view {view}; it has {', '.join(VIEWS[view])}.")
    return view, column


def _scope(scope: _Mapping) -> dict[str, str | int]:
    """Return every key of the cell but the period. At level county the scope is the county."""
    values = {"channel": "all", "segment": "all", "scope_level": "county"} | {
        name: trimmed(value, name, scope.where, scope.problems) if isinstance(value, str) else value
        for name, value in scope.values.items()
    }
    if values["scope_level"] == "county":
        values.setdefault("scope", values.get("county"))
    for name in ("county", "scope"):
        if not isinstance(values.get(name), str) or not values[name]:
            scope.add_problem(f"{name} is missing.")
    for name, value in values.items():
        if name not in KEY_VALUES:
            scope.add_problem(f"'{name}' is unknown; known are {', '.join(KEY_VALUES)}.")
        elif isinstance(value, bool) or not isinstance(value, str | int):
            scope.add_problem(f"{name} must be a string or an integer.")
        elif (allowed := KEY_VALUES[name]) and value not in allowed:
            scope.add_problem(f"{name} must be one of {', '.join(map(str, allowed))}.")
    return values


def _baseline(item: _Mapping) -> str | float | None:
    baseline = item.mapping("baseline").allow_only(("period", "value"))
    if len(baseline.values) > 1:
        baseline.add_problem("give either period or value.")
    if "period" in baseline.values:
        return baseline.text("period")
    if "value" in baseline.values:
        return baseline.number("value")
    if item.values.get("target_mode") in ("relative", "points"):
        item.add_problem("baseline is missing; a relative target or one in points needs it.")
    return None
