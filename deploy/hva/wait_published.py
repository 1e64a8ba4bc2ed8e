"""Whether the current figures are published, for `hva wait --published`."""

from typing import TYPE_CHECKING, Final

from deploy.hva.context import plural

if TYPE_CHECKING:
    import asyncpg

_CHANGES: Final = """
select county, year, change_number from {family}.touched where year <= extract(year from reference.as_of_day())
  and ('{family}' <> 'segments' or year >= (select extract(year from figures_from) from reference.segment_rule))
"""
_BEHIND: Final = """
select count(*) from unnest($1::text[], $2::integer[], $3::bigint[]) t(county, year, change_number)
where not exists (
  select from {family}.published p where p.county = t.county and p.year = t.year and p.change_number >= t.change_number)
"""


async def changes(database: "asyncpg.Connection[asyncpg.Record]", family: str) -> "list[asyncpg.Record]":
    """How often the figures of each county and year have changed up to now."""
    return await database.fetch(_CHANGES.format(family=family))


async def unpublished(
    database: "asyncpg.Connection[asyncpg.Record]", family: str, until: "list[asyncpg.Record]"
) -> str | None:
    """Which of these changes are not published. Later changes are not waited for."""
    columns = [[row[name] for row in until] for name in ("county", "year", "change_number")]
    left = await database.fetchval(_BEHIND.format(family=family), *columns)
    return f"{family} has not published {plural(left, 'county-year')} (run `hva publish`)" if left else None
