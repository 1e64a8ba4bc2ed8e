"""What has changed since a quarter was closed: its newest edition and the restatements against it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from deploy.report.model import Edition, Name, Restatement, Value
from deploy.report.published import columns_of
from deploy.report.rows import Names, name_of
from deploy.report.tables import unit_of

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
    if not await columns_of(connection, "edition"):
        return None
    row = await connection.fetchrow(_EDITION, county, quarter)
    return Edition(row["edition"], row["closed_at"], row["closed_by"], row["note"]) if row else None


async def read_restatements(connection: Any, county: str, quarter: str, names: Names) -> tuple[Restatement, ...] | None:
    """Every published value of the quarter that is another now; None where the database keeps no editions."""
    if not await columns_of(connection, "restatement"):
        return None
    return tuple(restatement(row, names) for row in await connection.fetch(_RESTATEMENTS, county, quarter))


def restatement(row: Mapping[str, Any], names: Names) -> Restatement:
    """A row of `report.restatement`, whose keys may be JSON."""
    keys = row["keys"] if isinstance(row["keys"], dict) else orjson.loads(row["keys"])
    return Restatement(
        view=row["view"],
        keys={key: str(code) for key, code in keys.items()},
        names=tuple(_narrowing(keys, names)),
        column=row["column_name"],
        before=_value(row, "old"),
        now=_value(row, "new"),
        causes=tuple(row["causes"]),
    )


def _narrowing(keys: Mapping[str, Any], names: Names) -> Iterator[Name]:
    """Names of the keys that are not 'all', nor the county itself."""
    level = keys.get("scope_level", "county")
    for key, code in keys.items():
        if key not in _NO_NAMES and code != "all" and not (key == "scope" and level == "county"):
            yield name_of(names, level if key == "scope" else key, str(code))


def _value(row: Mapping[str, Any], which: str) -> Value:
    unit, number = unit_of(row["column_name"]), row[f"{which}_value"]
    if row[f"{which}_suppressed"]:
        return Value(unit, reason="hidden")
    return Value(unit, reason="missing") if number is None else Value(unit, number)
