"""Objectives and key results of a quarter, with what people say of them and the trend of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from deploy.report.model import LANGUAGES, KeyResult, Name, Narrative, Objective, Point, Reason, Trend, Value
from deploy.report.periods import months_until, quarters_until
from deploy.report.published import Record, columns_of, value
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


async def read(connection: Any, county: str, quarter: str) -> tuple[Objective, ...] | None:
    """Objectives in the order of the register; None where the database has no key results."""
    for table in ("key_result", "key_result_status", "objective", "narrative"):
        if not await columns_of(connection, table):
            return None
    comments = {row["id"]: row["comment"] for row in await connection.fetch(_COMMENTS, county, quarter)}
    results = [
        _key_result(row, comments.get(row["id"]), await _trend(connection, row, quarter))
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


def _key_result(row: Record, comment: str | None, trend: Trend) -> KeyResult:
    column = row["metric"].split(".")[1]
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
        change_points=row["change_points"],
        change_relative=row["change_relative"],
        progress=row["progress"],
        met=row["met"],
        coverage=row["coverage"],
        status=row["status"],
        status_by=row["status_by"],
        status_at=row["status_at"],
        comment=comment,
        trend=trend,
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


async def _trend(connection: Any, row: Record, quarter: str) -> Trend:
    view, column = row["metric"].split(".")
    scope = row["scope"] if isinstance(row["scope"], dict) else orjson.loads(row["scope"])
    by_month = has_months(view, column, scope)
    periods = months_until(quarter, MONTHS) if by_month else quarters_until(quarter, QUARTERS)
    conditions = " and ".join(f"{key}::text = ${i}" for i, key in enumerate(scope, 2))
    found = await connection.fetch(
        f"select * from report.{view} where period = any($1) and {conditions}",
        periods,
        *(str(code) for code in scope.values()),
    )
    rows = {item["period"]: dict(item) for item in found}
    has_interval = f"{column}_low" in await columns_of(connection, view)
    return Trend(
        "month" if by_month else "quarter",
        tuple(
            Point(
                period,
                value(rows.get(period), column),
                value(rows.get(period), f"{column}±") if has_interval else None,
            )
            for period in periods
        ),
    )
