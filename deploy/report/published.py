"""Published rows of one county, and values out of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from deploy.report.model import Change, Unit, Value
from deploy.report.tables import unit_of

Record = Mapping[str, Any]
COMMON_KEYS: Final = ("scope_level", "scope", "channel", "segment")
_NOT_KEYS: Final = frozenset({"period_kind", "period"})


async def read_view(connection: Any, view: str, county: str, periods: Sequence[str]) -> list[Record]:
    """The rows of a view in these periods, units left out: the report shows none."""
    rows = await connection.fetch(
        f"select * from report.{view} where county = $1 and period = any($2) and scope_level <> 'unit'",
        county,
        list(periods),
    )
    return [dict(row) for row in rows]


def value(row: Record | None, column: str) -> Value:
    """The value of a column, whose name may end with ± for its interval."""
    name = column.removesuffix("±")
    unit: Unit = unit_of(name)
    if row is None:
        return Value(unit, reason="missing")
    if row["suppressed"]:
        return Value(unit, reason="hidden")
    first, high = (row[f"{name}_low"], row[f"{name}_high"]) if column.endswith("±") else (row[name], None)
    return Value(unit, reason="undefined") if first is None else Value(unit, first, high)


def change(before: Value, now: Value) -> Change:
    """The change between two values; without both there is none. Waits are classes and have none either."""
    if before.number is None or now.number is None or now.unit == "wait":
        return Change(before, now, None, None)
    scale = 100 if now.unit == "share" else 1
    difference = now.number - before.number
    relative = 100 * difference / abs(before.number) if before.number else None
    return Change(before, now, scale * difference, relative)
