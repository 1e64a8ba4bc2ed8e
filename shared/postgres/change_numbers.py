"""Change numbers: how often the figures of a county and year have changed. The table is named `touched`.

Writers increment them, and the publisher compares them with those of the last publication.
"""

from typing import Final

from shared.postgres.lock import Connection

# Figures of future years are not published. The next year is included, because our clock may be behind a sender's.
_INCREMENT: Final = """
insert into {schema}.touched as t (county, year)
select $1, year from {years} year where year <= extract(year from now()) + 1 order by year
on conflict (county, year) do update set change_number = t.change_number + 1
"""
_EACH: Final = "unnest($2::integer[])"
_BETWEEN: Final = "generate_series($2::integer, least($3::integer, extract(year from now())::integer + 1))"
_INCREMENT_ALL: Final = "update {schema}.touched set change_number = change_number + 1"


async def increment_change_numbers(connection: Connection, schema: str, county: str, years: set[int]) -> None:
    """Mark the figures of a county and these years as changed, in the transaction that changes them."""
    if years:
        await connection.execute(increment_statement(schema, _EACH), county, sorted(years))


def increment_statement(schema: str, years: str) -> str:
    """Make the statement that marks the figures of county $1 as changed in the years of a `from` item."""
    return _INCREMENT.format(schema=schema, years=years)


async def increment_change_numbers_between(
    connection: Connection, schema: str, county: str, first: int, last: int
) -> None:
    """Mark the figures of a county as changed in all years from first to last."""
    await connection.execute(increment_statement(schema, _BETWEEN), county, first, last)


async def increment_all_change_numbers(connection: Connection, schema: str) -> None:
    """Mark all figures as changed."""
    await connection.execute(_INCREMENT_ALL.format(schema=schema))
