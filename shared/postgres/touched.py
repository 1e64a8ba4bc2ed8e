"""Which figures have changed since they were published: a change number for each county and year, raised by writers."""

from typing import Final

from shared.postgres.lock import Connection

# Figures of future years are not published. The next year is included, because our clock may be behind a sender's.
_TOUCH: Final = """
insert into {schema}.touched as t (county, year)
select $1, year from {years} year where year <= extract(year from now()) + 1 order by year
on conflict (county, year) do update set change_number = t.change_number + 1
"""
_EACH: Final = "unnest($2::integer[])"
_BETWEEN: Final = "generate_series($2::integer, least($3::integer, extract(year from now())::integer + 1))"
_TOUCH_ALL: Final = "update {schema}.touched set change_number = change_number + 1"


async def touch(connection: Connection, schema: str, county: str, years: set[int]) -> None:
    """Mark the figures of a county and these years as changed, in the transaction that changes them."""
    if years:
        await connection.execute(_TOUCH.format(schema=schema, years=_EACH), county, sorted(years))


async def touch_between(connection: Connection, schema: str, county: str, first: int, last: int) -> None:
    """Mark the figures of a county as changed in all years from first to last."""
    await connection.execute(_TOUCH.format(schema=schema, years=_BETWEEN), county, first, last)


async def touch_all(connection: Connection, schema: str) -> None:
    """Mark all figures as changed."""
    await connection.execute(_TOUCH_ALL.format(schema=schema))
