"""Writing deltas into their buckets: by local day, and by month with channel and segment.

Both tables of a measure `<name>` have integer counts only and are fed by the same delta: `<name>_day` under
(county, day, unit_row, codes...) and `<name>_month` under (county, month, unit_row, channel, segment, codes...). One
statement gets the delta once and adds it to both tables of every measure.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Final

from shared.deltas import BucketRow, Deltas, Measure
from shared.postgres.change_numbers import increment_statement
from shared.postgres.lock import Connection
from shared.postgres.restated import CLOSED, Month, closed_months, months_of

GRAINS: Final = ("day", "month")
_DAY = ("day date", "unit_row bigint")
_MONTH = ("month date", "unit_row bigint", "channel text", "segment text")
_DELTA = ("day date", "unit_row bigint", "channel text", "segment text")
# The last day, 31 December 9999, is sent as infinity.
_FIRST_OF_MONTH: Final = "least(date_trunc('month', day::timestamp)::date, date '9999-12-01')"
# The counts of a delta are numbers of facts of one transaction.
_SMALL, _LARGE = "integer[]", "bigint[]"


async def add_to_buckets(connection: Connection, schema: str, county: str, deltas: Deltas) -> frozenset[Month]:
    """Add the deltas of one county, and mark their years as changed. The county's lock must be held.

    Returns the months of its closed periods.
    """
    rows = deltas.rows()
    if not rows:
        return await closed_months(connection, schema, county)
    years = {day.year for of_measure in rows.values() for day in _days(of_measure)}
    statement = _delta_statement(schema, tuple(rows), live=True)
    return months_of(await connection.fetch(statement, county, *_all_columns(rows), sorted(years)))


async def add_to_sums(connection: Connection, schema: str, county: str, deltas: Deltas) -> None:
    """Add the deltas of one county to tables like those of its buckets."""
    if rows := deltas.rows():
        await connection.execute(_delta_statement(schema, tuple(rows), live=False), county, *_all_columns(rows))


async def add_rows(
    connection: Connection, schema: str, county: str, measure: Measure, grain: str, rows: Sequence[BucketRow]
) -> None:
    """Add to the buckets of one measure and grain."""
    if rows:
        await connection.execute(_statement(schema, measure, grain), county, *_columns(measure, rows))


def bucket_keys(measure: Measure, grain: str) -> list[str]:
    """Names and types of the key columns of a bucket, without the county."""
    return [*(_DAY if grain == "day" else _MONTH), *_codes(measure)]


def _days(rows: Sequence[BucketRow]) -> Iterator[date]:
    for key, _ in rows:
        day = key[0]
        assert isinstance(day, date)
        yield day


def _all_columns(rows: dict[Measure, list[BucketRow]]) -> list[list[object]]:
    return [column for measure, of_measure in rows.items() for column in _columns(measure, of_measure)]


def _columns(measure: Measure, rows: Sequence[BucketRow]) -> list[list[object]]:
    """One array per column. Sums are passed as text: they may exceed 64 bits."""
    keys, counts = zip(*rows, strict=True)
    columns: list[list[object]] = list(map(list, zip(*keys, strict=True)))
    for count, column in zip(measure.counts, zip(*counts, strict=True), strict=True):
        columns.append(list(map(str, column)) if count in measure.sums else list(column))
    return columns


@cache
def _delta_statement(schema: str, measures: tuple[Measure, ...], live: bool) -> str:
    """Make the statement that adds the deltas of these measures to both of their tables.

    A live one also marks the years of its last parameter as changed, and returns the closed periods.
    """
    parts: list[str] = []
    parameter = 2
    for measure in measures:
        keys, name = [*_DELTA, *_codes(measure)], f"delta_of_{measure.name}"
        arrays = _arrays(measure, keys, _SMALL, parameter)
        names = ", ".join((*_names(keys), *measure.counts))
        parts.append(f"{name} as (select * from unnest({', '.join(arrays)}) delta({names}))")
        for grain in GRAINS:
            parts.append(f"{measure.name}_{grain} as ({_insert(schema, measure, grain, _sums(measure, grain, name))})")
        parameter += len(arrays)
    if live:
        parts.append(f"years as ({increment_statement(schema, f'unnest(${parameter}::integer[])')})")
    return f"with {', '.join(parts)} {CLOSED.format(schema=schema) if live else 'select'}"


def _sums(measure: Measure, grain: str, delta: str) -> str:
    """Make the select list and the rest of a query that sums the rows of `delta` to those of a grain."""
    month = f"{_FIRST_OF_MONTH} as month"
    keys = [month if name == "month" else name for name in _names(bucket_keys(measure, grain))]
    sums = [f"sum({count})" for count in measure.counts]
    nonzero = " or ".join(f"{total} <> 0" for total in sums)
    groups = ", ".join(str(place) for place in range(2, len(keys) + 2))
    return f"{', '.join((*keys, *sums))} from {delta} group by {groups} having {nonzero}"


@cache
def _statement(schema: str, measure: Measure, grain: str) -> str:
    arrays = _arrays(measure, bucket_keys(measure, grain), _LARGE, 2)
    return _insert(schema, measure, grain, f"* from unnest({', '.join(arrays)})")


def _insert(schema: str, measure: Measure, grain: str, rows: str) -> str:
    keys = ", ".join(_names(bucket_keys(measure, grain)))
    sums = ", ".join(f"{count} = bucket.{count} + excluded.{count}" for count in measure.counts)
    return (
        f"insert into {schema}.{measure.name}_{grain} as bucket (county, {keys}, {', '.join(measure.counts)}) "
        f"select $1, {rows} on conflict (county, {keys}) do update set {sums}"
    )


def _arrays(measure: Measure, keys: Sequence[str], count_type: str, first: int) -> list[str]:
    kinds = [f"{key.split()[1]}[]" for key in keys]
    kinds += ["text[]::numeric[]" if count in measure.sums else count_type for count in measure.counts]
    return [f"${number}::{kind}" for number, kind in enumerate(kinds, first)]


def _codes(measure: Measure) -> list[str]:
    return [f"{code} text" for code in measure.codes]


def _names(keys: Sequence[str]) -> list[str]:
    return [key.split()[0] for key in keys]
