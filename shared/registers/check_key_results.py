"""Objectives and key results: `key_results.yaml`."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.registers.figures import FURTHER_KEYS, KEY_VALUES, VIEWS
from shared.registers.model import KeyResult, Objective
from shared.registers.parse import read_yaml, trimmed
from shared.registers.problems import Problems
from shared.registers.units import UnitRow
from shared.registers.yaml_mapping import YamlMapping

OBJECTIVE_KEYS = (*("id", "name_fi", "name_sv", "name_en", "description_fi", "description_sv", "description_en"),)
KEY_RESULT_KEYS = (
    *("id", "objective", "name_fi", "name_sv", "name_en", "metric", "scope", "direction", "target", "target_mode"),
    *("baseline", "margin", "owner", "valid_period"),
)
_PERIOD = re.compile(r"2[01]\d\d(Q[1-4]|-(0[1-9]|1[0-2]))?")

COMMON_KEYS = ("county", "scope_level", "scope", "channel", "segment")

Scopes = Mapping[tuple[str, str], Collection[str]]
"""The scopes that units have, by county and level."""


def key_results(
    path: Path, units: Sequence[UnitRow], problems: Problems
) -> tuple[tuple[Objective, ...], tuple[KeyResult, ...]]:
    """Return the objectives and the key results in the order of the file. Ids must be unique. A scope must be that of a
    unit, except at level line: lines are known from contacts only.
    """
    content = YamlMapping(path.name, read_yaml(path, problems), problems).allow_only(("objectives", "key_results"))
    objectives: dict[str, Objective] = {}
    for item in _items(content, "objectives", path, problems):
        objective = _objective(item.allow_only(OBJECTIVE_KEYS))
        if objective.id and objective.id in objectives:
            item.add_problem(f"id '{objective.id}' is already used; give every objective its own.")
        objectives[objective.id] = objective
    scopes = _scopes(units)
    found: dict[str, KeyResult] = {}
    for item in _items(content, "key_results", path, problems):
        result = _key_result(item.allow_only(KEY_RESULT_KEYS), scopes)
        if result.id and result.id in found:
            item.add_problem(f"id '{result.id}' is already used; give every key result its own.")
        if result.objective is not None and result.objective not in objectives:
            item.add_problem(f"objective '{result.objective}' is not in the list of objectives.")
        found[result.id] = result
    return tuple(objectives.values()), tuple(found.values())


def _items(content: YamlMapping, name: str, path: Path, problems: Problems) -> Iterator[YamlMapping]:
    """The mappings of a list. The first item of the key results is 'item 1', of the objectives 'objective 1'."""
    listed = content.values.get(name) or []
    if not isinstance(listed, list):
        problems.add(path.name, f"{name} must be a list.")
        return
    for number, item in enumerate(listed, 1):
        where = f"{path.name} {'item' if name == 'key_results' else 'objective'} {number}"
        if isinstance(item, dict) and all(isinstance(key, str) for key in item):
            yield YamlMapping(where, item, problems)
        else:
            problems.add(where, "the item must be a mapping.")


def _scopes(units: Sequence[UnitRow]) -> Scopes:
    scopes: dict[tuple[str, str], set[str]] = {}
    for row in units:
        for level, scope in row.scopes:
            scopes.setdefault((row.county, level), set()).add(scope)
    return scopes


def _objective(item: YamlMapping) -> Objective:
    texts = {name: item.text(name, "") for name in OBJECTIVE_KEYS if name != "id"}
    return Objective(id=item.code("id"), **texts)


def _key_result(item: YamlMapping, scopes: Scopes) -> KeyResult:
    view, column = _metric(item)
    period = item.mapping("valid_period").allow_only(("from", "to"))
    start, end = period.day("from"), period.day("to")
    if start is not None and end is not None and start >= end:
        period.add_problem("from must be before to.")
    return KeyResult(
        id=item.code("id"),
        objective=item.code("objective") if "objective" in item.values else None,
        name_fi=item.text("name_fi", ""),
        name_sv=item.text("name_sv", ""),
        name_en=item.text("name_en", ""),
        view=view,
        column=column,
        scope=_scope(item.mapping("scope"), view, scopes),
        direction=item.choice("direction", ("increase", "decrease", "reach", "maintain")),
        target=item.number("target"),
        target_mode=item.choice("target_mode", ("absolute", "relative", "points")),
        baseline=_baseline(item),
        margin=item.number("margin", 0.0),
        owner=item.text("owner", ""),
        valid_from=start,
        valid_to=end,
    )


def _metric(item: YamlMapping) -> tuple[str, str]:
    view, _, column = item.text("metric").partition(".")
    if view not in VIEWS:
        item.add_problem(f"metric must be view.column with a view out of {', '.join(VIEWS)}.")
    elif column not in VIEWS[view]:
        item.add_problem(f"metric column '{column}' is not in the view {view}; it has {', '.join(VIEWS[view])}.")
    return view, column


def _scope(scope: YamlMapping, view: str, scopes: Scopes) -> dict[str, str | int]:
    """Return every key of the cell but the period. At level county the scope is the county. Keys that have a value
    'all' default to it."""
    further = FURTHER_KEYS.get(view, {})
    defaults = {"channel": "all", "segment": "all", "scope_level": "county"}
    defaults |= {name: "all" for name, has_all in further.items() if has_all}
    values: dict[str, Any] = defaults | {
        name: trimmed(value, name, scope.where, scope.problems) if isinstance(value, str) else value
        for name, value in scope.values.items()
    }
    if values["scope_level"] == "county":
        values.setdefault("scope", values.get("county"))
    for name in ("county", "scope"):
        if not isinstance(values.get(name), str) or not values[name]:
            scope.add_problem(f"{name} is missing.")
    for name in further:
        if name not in values:
            scope.add_problem(f"{name} is missing; the view {view} has it as a key.")
    for name, value in values.items():
        if problem := _key_problem(name, value, view):
            scope.add_problem(problem)
    _check_exists(scope, values, scopes)
    return values


def _key_problem(name: str, value: Any, view: str) -> str | None:
    if name not in KEY_VALUES:
        return f"'{name}' is unknown; known are {', '.join(KEY_VALUES)}."
    if view in VIEWS and name not in (*COMMON_KEYS, *FURTHER_KEYS.get(view, ())):
        return f"'{name}' is not a key of the view {view}."
    if isinstance(value, bool) or not isinstance(value, str | int):
        return f"{name} must be a string or an integer."
    if (allowed := KEY_VALUES[name]) and value not in allowed:
        return f"{name} must be one of {', '.join(map(str, allowed))}."
    return None


def _check_exists(scope: YamlMapping, values: Mapping[str, Any], scopes: Scopes) -> None:
    county, level, code = (values.get(name) for name in ("county", "scope_level", "scope"))
    if not (isinstance(county, str) and isinstance(level, str) and county and code and scopes):
        return  # another sentence says so
    if level not in KEY_VALUES["scope_level"]:
        return
    if (county, "county") not in scopes:
        scope.add_problem(f"county '{county}' has no unit in units.csv.")
    elif level != "line" and code not in scopes[county, level]:
        scope.add_problem(f"scope '{code}' is that of no unit: no row of units.csv has it as its {level}.")


def _baseline(item: YamlMapping) -> str | float | None:
    baseline = item.mapping("baseline").allow_only(("period", "value"))
    if len(baseline.values) > 1:
        baseline.add_problem("give either period or value.")
    if "period" in baseline.values:
        period = baseline.text("period")
        if period and not _PERIOD.fullmatch(period):
            baseline.add_problem(f"period '{period}' cannot exist; write a month (2025-12), quarter (2025Q4) or year.")
        return period
    if "value" in baseline.values:
        return baseline.number("value")
    if item.values.get("target_mode") in ("relative", "points"):
        item.add_problem("baseline is missing; a relative target or one in points needs it.")
    elif item.values.get("direction") == "maintain":
        item.add_problem("baseline is missing; direction maintain compares with it.")
    return None
