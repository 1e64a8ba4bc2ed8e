"""Writing deltas into their buckets: by local day, and by month with channel and segment.

Both tables of a measure `<name>` have integer counts only and are fed by the same delta: `<name>_day` under
(county, day, unit_row, codes...) and `<name>_month` under (county, month, unit_row, channel, segment, codes...).
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Final

from shared.deltas import BucketRow, Deltas, Measure
from shared.postgres.change_numbers import increment_change_numbers
from shared.postgres.lock import Connection

GRAINS: Final = ("day", "month")
_DAY = ("day date", "unit_row bigint")
_MONTH = ("month date", "unit_row bigint", "channel text", "segment text")


async def add_to_buckets(connection: Connection, schema: str, county: str, deltas: Deltas) -> None:
    """Add the differences of one county, and mark their years as changed. The county's lock must be held."""
    await increment_change_numbers(connection, schema, county, await add_deltas(connection, schema, county, deltas))


async def add_deltas(connection: Connection, schema: str, county: str, deltas: Deltas) -> set[int]:
    """Add the differences of one county to the buckets of a schema; returns their years."""
    years: set[int] = set()
    for measure in sorted(deltas.measures(), key=lambda m: m.name):
        by_month = deltas.by_month(measure)
        for grain, rows in zip(GRAINS, (deltas.by_day(measure), by_month), strict=True):
            await add_rows(connection, schema, county, measure, grain, rows)
        years.update(key[0].year for key, _ in by_month if isinstance(key[0], date))
    return years


async def add_rows(
    connection: Connection, schema: str, county: str, measure: Measure, grain: str, rows: Sequence[BucketRow]
) -> None:
    """Add to the buckets of one measure and grain."""
    if rows:
        await connection.execute(_statement(schema, measure, grain), county, *_columns(measure, rows))


def bucket_keys(measure: Measure, grain: str) -> list[str]:
    """Names and types of the key columns of a bucket, without the county."""
    return [*(_DAY if grain == "day" else _MONTH), *(f"{code} text" for code in measure.codes)]


def _columns(measure: Measure, rows: Sequence[BucketRow]) -> list[list[object]]:
    """One array per column. Sums are passed as text: they may exceed 64 bits."""
    columns: list[list[object]] = list(map(list, zip(*((*key, *counts) for key, counts in rows), strict=True)))
    first = len(columns) - len(measure.counts)
    for place, count in enumerate(measure.counts, first):
        if count in measure.sums:
            columns[place] = list(map(str, columns[place]))
    return columns


@cache
def _statement(schema: str, measure: Measure, grain: str) -> str:
    keys = bucket_keys(measure, grain)
    kinds = [f"{key.split()[1]}[]" for key in keys]
    kinds += ["text[]::numeric[]" if count in measure.sums else "bigint[]" for count in measure.counts]
    arrays = ", ".join(f"${i}::{kind}" for i, kind in enumerate(kinds, 2))
    key_names = ", ".join(key.split()[0] for key in keys)
    sums = ", ".join(f"{count} = bucket.{count} + excluded.{count}" for count in measure.counts)
    return (
        f"insert into {schema}.{measure.name}_{grain} as bucket (county, {key_names}, {', '.join(measure.counts)}) "
        f"select $1, * from unnest({arrays}) "
        f"on conflict (county, {key_names}) do update set {sums}"
    )
