"""Copies the rows of one county to other counties, with units and persons of their own.

Facts come in the order of their ids, and indexes other than primary keys are built at the end: 6 million facts take
a minute, and several when every row is added to every index.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

from shared.postgres.lock import Connection
from tests.bench.country import SOURCE
from tests.bench.family import Family
from tests.bench.reading import session, without_indexes
from tests.bench.stage import Database

_AT_ONCE: Final = 2  # counties
# Tables that hold nothing which a copied county needs.
_LEFT_OUT: Final = (
    *("dead_letter", "replay", "audit", "published", "publication_request", "stale", "merge", "erased"),
    *("closed_period", "closed_edition", "restated_fact"),
)
_COLUMNS: Final = """
select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = $1::regnamespace and c.relkind = 'r' and c.relname <> all($2)
group by c.relname having bool_or(a.attname = 'county')
"""
_UNITS: Final = """
create unlogged table if not exists public.bench_unit_row as
select other.county, own.key as old, other.key as new
from reference.unit_row own join reference.unit_row other using (unit, valid_from)
where own.county = $1 and own.current and other.current and other.county <> $1
"""


async def copy_to_counties(database: Database, family: Family, counties: Sequence[str]) -> None:
    """Give these counties, which have no rows yet, the rows of the county `SOURCE`."""
    async with session(database.dsn()) as connection:
        await connection.execute(_UNITS.replace("$1", f"'{SOURCE}'"))
        rows = await connection.fetch(_COLUMNS, family.name, list(_LEFT_OUT))
        tables = {row["table"]: row["columns"] for row in rows}
        # Of all counties: numbers of persons are distinct in all of them.
        numbers = await _last_number(connection, family) if family.numbers_clients else 0
    waiting = list(enumerate(counties, 1))
    async with AsyncExitStack() as indexes:
        for table in tables:
            await indexes.enter_async_context(without_indexes(database, f"{family.name}.{table}"))
        await asyncio.gather(*(_copy_all(database, family, tables, waiting, numbers) for _ in range(_AT_ONCE)))
    if family.numbers_clients:
        async with session(database.dsn()) as connection:
            last = await _last_number(connection, family)
            await connection.execute(f"select setval(pg_get_serial_sequence('{family.name}.client', 'number'), {last})")


async def _last_number(connection: Connection, family: Family) -> int:
    return int(await connection.fetchval(f"select max(number) from {family.name}.client"))


async def _copy_all(
    database: Database,
    family: Family,
    tables: Mapping[str, Sequence[str]],
    waiting: list[tuple[int, str]],
    numbers: int,
) -> None:
    """Copy to the counties that wait, which others may take from the list meanwhile."""
    async with session(database.dsn(), synchronous_commit="off", work_mem="256MB") as connection:
        while waiting:
            number, county = waiting.pop()
            for table, columns in tables.items():
                await connection.execute(_copy(family, table, columns, county, number * numbers))


def _copy(family: Family, table: str, columns: Sequence[str], county: str, persons: int) -> str:
    """The statement that copies the rows of a table, with `persons` added to the numbers of persons."""
    values = {"county": f"'{county}'", "unit_row": "coalesce(u.new, t.unit_row)"}
    if family.numbers_clients:
        values |= {name: f"t.{name} + {persons}" for name in ("number", "person")}
    selected = ", ".join(values.get(name, f"t.{name}") for name in columns)
    units = (
        f"left join public.bench_unit_row u on u.county = '{county}' and u.old = t.unit_row"
        if "unit_row" in columns
        else ""
    )
    order = "order by t.id" if "id" in columns else ""
    return (
        f"insert into {family.name}.{table} ({', '.join(columns)}) overriding system value "
        f"select {selected} from {family.name}.{table} t {units} where t.county = '{SOURCE}' {order}"
    )
