"""Objectives and key results of a quarter, with what people say of them and the trend of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from deploy.report.model import LANGUAGES, KeyResult, Name, Narrative, Objective, Point, Reason, Trend, Value
from deploy.report.periods import months_until, quarters_until
from deploy.report.published import Record, value
from deploy.report.tables import unit_of
from shared.disclosure.model import VIEWS

MONTHS: Final = 13
QUARTERS: Final = 8
_RESULTS: Final = "select * from report.key_result where county = $1 and period = $2 order by position, id"
_OBJECTIVES: Final = "select * from report.objective order by position, id"
_NARRATIVES: Final = """
select distinct on (objective, language) objective, language, text, said_by, said_at from report.narrative
where county = $1 and quarter = $2 order by objective, language, said_at desc
"""
_COMMENTS: Final = """
select distinct on (id) id, comment from report.key_result_status
where county = $1 and quarter = $2 order by id, said_at desc
"""


async def read(connection: Any, county: str, quarter: str) -> tuple[Objective, ...]:
    """Objectives in the order of the register."""
    comments = {row["id"]: row["comment"] for row in await connection.fetch(_COMMENTS, county, quarter)}
    results = [
        _key_result(row, comments.get(row["id"]), quarter, await _published(connection, row, quarter))
        for row in await connection.fetch(_RESULTS, county, quarter)
    ]
    narratives = await connection.fetch(_NARRATIVES, county, quarter)
    registered = await connection.fetch(_OBJECTIVES)
    return group(results, registered, [dict(row) for row in narratives])


def group(
    results: Sequence[KeyResult], registered: Sequence[Record], narratives: Sequence[Record]
) -> tuple[Objective, ...]:
    """Key results by objective, in the order of the register. Objectives without key results or words are left out;
    key results without a registered objective come last, under an objective without id.
    """
    known = {row["id"]: row for row in registered}
    found = []
    for id, row in [*known.items(), ("", None)]:
        own = tuple(r for r in results if r.objective == id or (not id and r.objective not in known))
        said = tuple(
            Narrative(n["language"], n["text"], n["said_by"], n["said_at"]) for n in narratives if n["objective"] == id
        )
        if own or said:
            found.append(Objective(id, names(id, row, "name"), names(id, row, "description"), said, own))
    return tuple(found)


def names(id: str, row: Mapping[str, Any] | None, prefix: str) -> Name:
    """The names of a row of a register by language; empty ones are absent."""
    values = {lang: row[f"{prefix}_{lang}"] for lang in LANGUAGES} if row is not None else {}
    return Name(id, {lang: text for lang, text in values.items() if text})


def _key_result(row: Record, comment: str | None, quarter: str, published: Mapping[str, Record]) -> KeyResult:
    column = row["metric"].split(".")[1]
    own = published.get(quarter)
    return KeyResult(
        id=row["id"],
        objective=row["objective"] or "",
        name=names(row["id"], row, "name"),
        owner=row["owner"],
        metric=row["metric"],
        direction=row["direction"],
        baseline=_value(column, row["baseline"], "missing" if row["baseline_period"] else "not_set"),
        target=_value(column, row["target"], "undefined"),
        actual=_value(column, row["actual"], "hidden" if row["suppressed"] else "missing"),
        interval=_interval(own, column),
        low_n=own is not None and own["low_n"] and not own["suppressed"],
        margin=row["margin"],
        change_points=row["change_points"],
        change_relative=row["change_relative"],
        progress=row["progress"],
        met=row["met"],
        coverage=row["coverage"],
        status=row["status"],
        status_by=row["status_by"],
        status_at=row["status_at"],
        comment=comment,
        trend=_trend(row, quarter, published),
    )


def _value(column: str, number: float | None, reason: Reason) -> Value:
    unit = unit_of(column)
    return Value(unit, reason=reason) if number is None else Value(unit, number)


def has_months(view: str, column: str, scope: Mapping[str, Any]) -> bool:
    """Whether the trend is by month. It is by quarter where months are not published, and where a month's value cannot
    be compared with the target of a quarter: counts, and figures of the different clients of a period.
    """
    published = not any(scope.get(key, "all") != "all" for key in VIEWS[view].few)
    return published and VIEWS[view].additive and unit_of(column) != "count"


def _interval(row: Record | None, column: str) -> Value | None:
    """The interval of a published value that has one."""
    if row is None or row["suppressed"] or row.get(f"{column}_low") is None:
        return None
    return value(row, f"{column}±")


async def _published(connection: Any, row: Record, quarter: str) -> Mapping[str, Record]:
    """The published rows of the metric at its scope, by month and quarter."""
    scope = _scope(row)
    conditions = " and ".join(f"{key}::text = ${i}" for i, key in enumerate(scope, 2))
    found = await connection.fetch(
        f"select * from report.{row['metric'].split('.')[0]} where period = any($1) and {conditions}",
        [*months_until(quarter, MONTHS), *quarters_until(quarter, QUARTERS)],
        *(str(code) for code in scope.values()),
    )
    return {item["period"]: dict(item) for item in found}


def _scope(row: Record) -> Mapping[str, Any]:
    scope: Mapping[str, Any] = row["scope"] if isinstance(row["scope"], dict) else orjson.loads(row["scope"])
    return scope


def _trend(row: Record, quarter: str, published: Mapping[str, Record]) -> Trend:
    """By month, or by quarter where months do not compare or none of them has a value."""
    view, column = row["metric"].split(".")
    months, quarters = months_until(quarter, MONTHS), quarters_until(quarter, QUARTERS)
    by_month = has_months(view, column, _scope(row)) and (
        any(value(published.get(month), column).number is not None for month in months)
        or all(value(published.get(one), column).number is None for one in quarters)
    )
    has_interval = any(f"{column}_low" in found for found in published.values())
    points = (
        Point(
            period,
            value(published.get(period), column),
            value(published.get(period), f"{column}±") if has_interval else None,
        )
        for period in (months if by_month else quarters)
    )
    return Trend("month" if by_month else "quarter", tuple(points))
