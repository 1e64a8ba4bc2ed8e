"""Objectives and key results: `key_results.yaml`."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from shared.disclosure.periods import days_of
from shared.registers.figures import METRICS, VIEWS
from shared.registers.model import KeyResult, Objective
from shared.registers.parse import read_yaml
from shared.registers.problems import Problems
from shared.registers.scope import Scope, Scopes, period_kind_problem, scopes_of
from shared.registers.units import UnitRow
from shared.registers.yaml_mapping import YamlMapping

_NAMES = ("name_fi", "name_sv", "name_en")
_DESCRIPTIONS = ("description_fi", "description_sv", "description_en")
OBJECTIVE_KEYS = ("id", *_NAMES, *_DESCRIPTIONS)
KEY_RESULT_KEYS = (
    *("id", "objective", *_NAMES, "metric", "scope", "direction", "target", "target_mode"),
    *("baseline", "margin", "owner", "valid_period"),
)
MAX_DESCRIPTION = 2_000
"""Characters in a description."""
_PERIODS = (
    ("month", re.compile(r"2[01]\d\d-(0[1-9]|1[0-2])", re.ASCII)),
    ("quarter", re.compile(r"2[01]\d\dQ[1-4]", re.ASCII)),
    ("year", re.compile(r"2[01]\d\d", re.ASCII)),
)


def key_results(
    path: Path, units: Sequence[UnitRow], problems: Problems
) -> tuple[tuple[Objective, ...], tuple[KeyResult, ...]]:
    """Return the objectives and the key results in the order of the file.

    Ids of objectives are unique, those of key results within their county. A scope must be that of a unit, except at
    level line: lines are known from contacts only.
    """
    content = YamlMapping(path.name, read_yaml(path, problems), problems).allow_only(("objectives", "key_results"))
    objectives: dict[str, Objective] = {}
    for item in _items(content, "objectives", "objective"):
        objective = _objective(item.allow_only(OBJECTIVE_KEYS))
        if objective.id and objective.id in objectives:
            item.add_problem(f"id '{objective.id}' is already used; give every objective its own.")
        objectives[objective.id] = objective
    scopes = scopes_of(units)
    found: dict[tuple[object, str], KeyResult] = {}
    for item in _items(content, "key_results", "item"):
        result = _key_result(item.allow_only(KEY_RESULT_KEYS), scopes)
        key = (result.scope.get("county"), result.id)
        if result.id and key in found:
            item.add_problem(f"id '{result.id}' is already used; give every key result of a county its own.")
        if result.objective and result.objective not in objectives:
            item.add_problem(f"objective '{result.objective}' is not in the list of objectives.")
        found[key] = result
    return tuple(objectives.values()), tuple(found.values())


def baseline_days(period: str) -> tuple[str, date] | None:
    """Return kind and first day of a month, quarter or year from 2000 to 2199; None for anything else."""
    for kind, pattern in _PERIODS:
        if pattern.fullmatch(period):
            return kind, days_of(kind, period)[0]
    return None


def _items(content: YamlMapping, name: str, what: str) -> Iterator[YamlMapping]:
    """The mappings of a list. `what` names each in sentences, as in 'item 1'."""
    listed = content.values.get(name)
    if listed is not None and not isinstance(listed, list):
        content.add_problem(f"{name} must be a list.")
        return
    for number, item in enumerate(listed or (), 1):
        where = f"{content.where} {what} {number}"
        if isinstance(item, dict) and all(isinstance(key, str) for key in item):
            yield YamlMapping(where, item, content.problems)
        else:
            content.problems.add(where, f"the {what} must be a mapping.")


def _objective(item: YamlMapping) -> Objective:
    names = {name: item.text(name, "") for name in _NAMES}
    descriptions = {name: item.text(name, "", max_length=MAX_DESCRIPTION) for name in _DESCRIPTIONS}
    return Objective(id=item.code("id"), **names, **descriptions)


def _key_result(item: YamlMapping, scopes: Scopes) -> KeyResult:
    view, column = _metric(item)
    scope = Scope(item.mapping("scope"), view, scopes)
    start, end = _valid_period(item)
    return KeyResult(
        id=item.code("id"),
        objective=item.code("objective") if item.values.get("objective") is not None else None,
        **{name: item.text(name, "") for name in _NAMES},
        view=view,
        column=column,
        scope=scope.checked(),
        direction=item.choice("direction", ("increase", "decrease", "reach", "maintain")),
        target=item.number("target"),
        target_mode=item.choice("target_mode", ("absolute", "relative", "points")),
        baseline=_baseline(item, start, lambda kind: period_kind_problem(view, scope.values, kind)),
        margin=_margin(item),
        owner=item.text("owner", ""),
        valid_from=start,
        valid_to=end,
    )


def _metric(item: YamlMapping) -> tuple[str, str]:
    """View and column; empty where they are wrong, so that there is one sentence only."""
    text = item.text("metric", "")
    view, _, column = text.partition(".")
    if view not in METRICS:
        item.add_problem(f"metric '{text}' is not view.column with a view out of {', '.join(METRICS)}.")
        return "", ""
    if column in METRICS[view]:
        return view, column
    known = f"it has {', '.join(METRICS[view])}"
    if not column:
        item.add_problem(f"metric '{text}' lacks a column; write {view}.{METRICS[view][0]} or another one: {known}.")
        return view, ""
    if column in VIEWS[view]:
        item.add_problem(f"metric column '{column}' is no share, score, ratio or count of the view {view}; {known}.")
    else:
        item.add_problem(f"metric column '{column}' is not in the view {view}; {known}.")
    return view, ""


def _valid_period(item: YamlMapping) -> tuple[date | None, date | None]:
    period = item.mapping("valid_period").allow_only(("from", "to"))
    start, end = period.day("from"), period.day("to")
    if period.values.get("from") is None:
        period.add_problem("from is missing; a key result has values from a day on.")
    elif start is not None and start.year < 2000:
        period.add_problem(f"from {start} is before the year 2000.")
    if start is not None and end is not None and start >= end:
        period.add_problem(f"from {start} must be before to {end}.")
    elif start is not None and end is not None and not _has_quarter(start, end):
        period.add_problem(f"no whole quarter is from {start} until {end}; a key result has values of whole quarters.")
    return start, end


def _has_quarter(start: date, end: date) -> bool:
    """Whether a whole quarter begins at `start` or later and ends before `end`."""
    first_month = 12 * start.year + start.month - 1 + (start.day > 1)
    quarter_begin = first_month + -first_month % 3
    return quarter_begin + 3 <= 12 * end.year + end.month - 1


def _margin(item: YamlMapping) -> float:
    margin = item.number("margin", 0.0)
    if margin < 0:
        item.add_problem("margin must not be negative.")
    return margin


def _baseline(item: YamlMapping, start: date | None, problem_of: Callable[[str], str | None]) -> str | float | None:
    baseline = item.mapping("baseline").allow_only(("period", "value"))
    if len(baseline.values) > 1:
        baseline.add_problem("give either period or value.")
    elif "period" in baseline.values:
        return _baseline_period(baseline, start, problem_of)
    elif "value" in baseline.values:
        return baseline.number("value")
    elif item.values.get("target_mode") in ("relative", "points"):
        item.add_problem(f"baseline is missing; a target_mode of {item.values['target_mode']} needs it.")
    elif item.values.get("direction") == "maintain":
        item.add_problem("baseline is missing; direction maintain compares with it.")
    return None


def _baseline_period(baseline: YamlMapping, start: date | None, problem_of: Callable[[str], str | None]) -> str:
    period = baseline.text("period")
    found = baseline_days(period)
    if found is None:
        baseline.add_problem(
            f"period '{period}' cannot exist; write a month (2025-12), quarter (2025Q4) or year (2025) from 2000 on."
        )
        return period
    kind, first = found
    if start is not None and first > start:
        baseline.add_problem(f"period '{period}' begins after {start}, the first day of the valid_period.")
    if problem := problem_of(kind):
        baseline.add_problem(problem)
    return period
