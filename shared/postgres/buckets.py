"""Writing deltas into their buckets: by local day, and by month with channel and segment.

Both tables of a measure `<name>` have integer counts only and are fed by the same delta: `<name>_day` under
(county, day, unit_row, codes...) and `<name>_month` under (county, month, unit_row, channel, segment, codes...).
"""

from functools import cache

from shared.deltas import BucketRow, Deltas, Measure
from shared.postgres.lock import Connection

_DAY = ("day date", "unit_row bigint")
_MONTH = ("month date", "unit_row bigint", "channel text", "segment text")


async def add_to_buckets(connection: Connection, schema: str, county: str, deltas: Deltas) -> None:
    """Add the differences of one county; its lock must be held."""
    for measure in sorted(deltas.measures(), key=lambda m: m.name):
        await _add(connection, _statement(schema, measure, "day"), county, deltas.by_day(measure))
        await _add(connection, _statement(schema, measure, "month"), county, deltas.by_month(measure))


async def _add(connection: Connection, statement: str, county: str, rows: list[BucketRow]) -> None:
    if rows:
        columns = zip(*((*key, *counts) for key, counts in rows), strict=True)
        await connection.execute(statement, county, *map(list, columns))


@cache
def _statement(schema: str, measure: Measure, grain: str) -> str:
    keys = [*(_DAY if grain == "day" else _MONTH), *(f"{code} text" for code in measure.codes)]
    columns = [*keys, *(f"{count} bigint" for count in measure.counts)]
    names = ", ".join(column.split()[0] for column in columns)
    arrays = ", ".join(f"${i}::{column.split()[1]}[]" for i, column in enumerate(columns, 2))
    sums = ", ".join(f"{count} = bucket.{count} + excluded.{count}" for count in measure.counts)
    key_names = ", ".join(key.split()[0] for key in keys)
    return (
        f"insert into {schema}.{measure.name}_{grain} as bucket (county, {names}) "
        f"select $1, * from unnest({arrays}) "
        f"on conflict (county, {key_names}) do update set {sums}"
    )
