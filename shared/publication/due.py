"""Which counties and years to publish: those that are due, and those that a request names."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from shared.postgres.lock import Connection
from shared.publication.snapshot import CountyYear
from shared.registers.calendar import local_day

DAY: Final = timedelta(days=1)

# The current year of every county in the registers, and every year in which the family counted something. `segments`
# has figures of every year since `figures_from`, because stocks exist without events. Future years are not published.
# `registers` is the current version, with a suffix while a refold is still applying it to the facts.
_KNOWN: Final = """
with this as (select extract(year from reference.local_day($1))::integer as year),
county as (select distinct county from reference.unit_row where current),
known as (
  select county, this.year from county, this
  union
  select county, touched.year from {schema}.touched, this where touched.year <= this.year and '{schema}' <> 'segments'
  union
  select county, generate_series(extract(year from figures_from)::integer, this.year)
  from county, this, reference.segment_rule where '{schema}' = 'segments'
)
select k.county, k.year, k.year = this.year as is_current, t.change_number, p.change_number as published_change,
       p.registers as published_registers, p.published_at,
       (select version from reference.register_version where part = 'registers') || case when f.county is null
         then '' else ' (refolding)' end as registers
from known k
cross join this
left join {schema}.touched t on (t.county, t.year) = (k.county, k.year)
left join {schema}.published p on (p.county, p.year) = (k.county, k.year)
left join {schema}.refold f on f.county = k.county and f.registers is distinct from
  (select version from reference.register_version where part = 'registers')
order by is_current desc, p.published_at nulls first, k.year desc, k.county
"""
_NEXT: Final = """
select request, county, year from {schema}.publication_request where ended_at is null order by request limit 1
"""


class Request(NamedTuple):
    """A requested publication; None means all counties, or all years."""

    request: int
    county: str | None
    year: int | None


async def known(connection: Connection, schema: str, now: datetime) -> list[Any]:
    """All counties and years of the family, the current year first, with the state of their publication."""
    return await connection.fetch(_KNOWN.format(schema=schema), now)


def due(rows: Sequence[Any], now: datetime, every: timedelta) -> list[CountyYear]:
    """The counties and years that are due."""
    return [CountyYear(row["county"], row["year"]) for row in rows if is_due(row, now, every)]


def is_due(row: Any, now: datetime, every: timedelta) -> bool:
    """Whether to publish: every `every` for the current year and for changed past years, daily for other past years.

    A change of registers makes every year due immediately, and so does a clock that was set back.
    """
    published_at = row["published_at"]
    if published_at is None or published_at > now or row["registers"] != row["published_registers"]:
        return True
    age = now - published_at
    return bool(age >= DAY or (age >= every and (row["is_current"] or _has_changed(row))))


def _has_changed(row: Any) -> bool:
    return bool((row["change_number"] or 0) != row["published_change"])


def is_same(row: Any, now: datetime) -> bool:
    """Whether a publication as of `now` has the rows of the last one: since then no figure and no register changed, and
    no date ended, on which states and stocks depend. Promises that fell due are not considered.
    """
    published_at = row["published_at"]
    if published_at is None or published_at > now or row["registers"] != row["published_registers"]:
        return False
    return not _has_changed(row) and local_day(published_at) == local_day(now)


async def next_request(connection: Connection, schema: str) -> Request | None:
    """The oldest unfinished request."""
    row = await connection.fetchrow(_NEXT.format(schema=schema))
    return Request(*row) if row else None


def requested(rows: Sequence[Any], request: Request) -> list[CountyYear]:
    """The counties and years that a request names."""
    found = [CountyYear(row["county"], row["year"]) for row in rows]
    return [f for f in found if request.county in (None, f.county) and request.year in (None, f.year)]
