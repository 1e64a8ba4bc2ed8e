"""What has changed since a quarter was closed: its newest edition and the restatements against it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from deploy.report.model import Edition, KeyResult, Name, Restatement, Unit, Value
from deploy.report.rows import Names, name_of
from deploy.report.tables import unit_of
from shared.disclosure.model import LEVELS

KEY_RESULT: Final = "key_result"
_NO_NAMES: Final = ("county", "period_kind", "period", "scope_level")
_EDITION = """
select edition, closed_at, closed_by, note from report.edition
where county = $1 and period = $2 order by edition desc limit 1
"""
_RESTATEMENTS = """
select view, keys, column_name, old_value, new_value, old_suppressed, new_suppressed, causes from report.restatement
where county = $1 and period = $2 order by view, keys, column_name
"""


async def read_edition(connection: Any, county: str, quarter: str) -> Edition | None:
    """The newest edition of the quarter, if it was closed."""
    row = await connection.fetchrow(_EDITION, county, quarter)
    return Edition(row["edition"], row["closed_at"], row["closed_by"], row["note"]) if row else None


async def read_restatements(
    connection: Any, county: str, quarter: str, names: Names, results: Iterable[KeyResult]
) -> tuple[Restatement, ...]:
    """Every published value of the quarter that is another now: key results first, then what is about most."""
    named = {**names, **{("id", result.id): result.name for result in results}}
    metrics = {result.id: result.metric.split(".")[1] for result in results}
    rows = await connection.fetch(_RESTATEMENTS, county, quarter)
    return tuple(sorted((restatement(row, named, metrics) for row in rows), key=_position))


def restatement(row: Mapping[str, Any], names: Names, metrics: Mapping[str, str]) -> Restatement:
    """A row of `report.restatement`, whose keys may be JSON. `metrics`: the columns of key results by their id."""
    keys = row["keys"] if isinstance(row["keys"], dict) else orjson.loads(row["keys"])
    unit = _unit(row["column_name"], metrics.get(keys["id"], "") if row["view"] == KEY_RESULT else None)
    return Restatement(
        view=row["view"],
        keys={key: str(code) for key, code in keys.items()},
        names=tuple(_narrowing(keys, names)),
        column=row["column_name"],
        before=_value(row, "old", unit),
        now=_value(row, "new", unit),
        causes=tuple(row["causes"]),
    )


def _unit(column: str, metric: str | None) -> Unit:
    """The unit of a column; `metric` is the column that a key result takes its values from."""
    if metric is None:
        return unit_of(column)
    if column == "met":
        return "boolean"
    if column in ("progress", "coverage"):
        return "share"
    return "points" if column.startswith("change_") else unit_of(metric)


def _position(found: Restatement) -> tuple[object, ...]:
    level = found.keys.get("scope_level", "county")
    return found.view != KEY_RESULT, LEVELS[::-1].index(level) if level in LEVELS else len(LEVELS), len(found.names)


def _narrowing(keys: Mapping[str, Any], names: Names) -> Iterator[Name]:
    """Names of the keys that are not 'all', nor the county itself."""
    level = keys.get("scope_level", "county")
    for key, code in keys.items():
        if key not in _NO_NAMES and code != "all" and not (key == "scope" and level == "county"):
            yield name_of(names, level if key == "scope" else key, str(code))


def _value(row: Mapping[str, Any], which: str, unit: Unit) -> Value:
    number = row[f"{which}_value"]
    if row[f"{which}_suppressed"]:
        return Value(unit, reason="hidden")
    return Value(unit, reason="missing") if number is None else Value(unit, number)
