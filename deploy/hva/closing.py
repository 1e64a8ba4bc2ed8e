"""Closes a period of a county: what is published of it is stored as its next edition."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import asyncpg

from deploy.hva.context import VerbError
from deploy.hva.keys import period_days, period_kind
from deploy.hva.publish import FAMILIES
from shared.disclosure.model import VIEWS
from shared.postgres.lock import Connection, lock_county, locked_restatements
from shared.publication.due import is_same, known
from shared.publication.protection import KEYS
from shared.publication.restate import FIXED, KEY_RESULT
from shared.registers.calendar import local_day

_COUNTIES: Final = "select distinct county from reference.unit_row where current order by county"
_REGISTER: Final = """
insert into {family}.closed_period (county, period, first_day, last_day) values ($1, $2, $3, $4)
on conflict do nothing
"""
_UNREGISTER: Final = """
delete from {family}.closed_period where county = $1 and period = $2
  and not exists (select from report.edition where county = $1 and period = $2)
"""
_EDITION: Final = """
insert into report.edition (county, period_kind, period, edition, closed_by, note)
select $1, $2, $3, 1 + coalesce((select max(edition) from report.edition where county = $1 and period = $3), 0), $4, $5
returning edition, closed_at
"""
_ROWS: Final = """
insert into report.edition_row (county, period, edition, view, keys, values, suppressed)
select county, period, $3::integer, '{view}', jsonb_build_object({pairs}), to_jsonb(shown) - $4::text[], suppressed
from report.{view} shown where county = $1 and period = $2
"""
_POSITION: Final = """
insert into {family}.closed_edition (county, period, edition, restated_position, outcomes)
select $1, $2, $3, coalesce(restated_position, 0), outcomes
from (values (1)) one left join {family}.published on county = $1 and year = $4
"""
_SUPERSEDE: Final = "delete from report.restatement where county = $1 and period = $2"

_FAILED: Final = """
select exists (select from report.publication where (family, county, year) = ($1, $2, $3) and failure is not null)
"""
# Contacts without an answer count in `with_promise` from when their promise is due.
_DUE_PROMISES: Final = """
select exists (select from fcr.contact where county = $1 and awaiting_response and due > $2 and due <= $3)
"""

Publish = Callable[[str, int, Sequence[str]], Awaitable[None]]
"""Publishes a county and year of these families. Raises VerbError if that fails."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter or year; `until` is the day after it."""

    name: str
    kind: str
    first: date
    until: date


@dataclass(frozen=True, slots=True)
class Edition:
    """A stored edition and its number of rows."""

    county: str
    period: str
    edition: int
    closed_at: datetime
    rows: int


def period_to_close(name: str, now: datetime) -> Period:
    """The period. Raises VerbError if it has not ended, and BadParameter if it is none."""
    first, until = period_days(name, accepts_days=False)
    kind = period_kind(name)
    if kind == "day":
        raise VerbError(f"{name} is a day: months, quarters and years are closed.")
    if until > local_day(now):
        raise VerbError(f"{name} has not ended: it can be closed from {until} on.")
    return Period(name, kind, first, until)


async def counties_to_close(connection: Connection, county: str | None) -> list[str]:
    """The counties of the registers, or the one that is named. Raises VerbError for an unknown one."""
    known = [row["county"] for row in await connection.fetch(_COUNTIES)]
    if county is None:
        return known
    if county not in known:
        raise VerbError(f"The registers have no county {county}: they have {', '.join(known)}.")
    return [county]


async def close(
    connection: Connection,
    county: str,
    period: Period,
    closed_by: str,
    note: str | None,
    publish: Publish,
    now: datetime,
) -> Edition:
    """Publish, and store the rows of the period as the next edition. A family whose publication is current as of `now`
    does not repeat it.

    The families log changes in the period from before the publication on, so that no change is between the two.
    """
    await _register(connection, county, period)
    try:
        if outdated := await outdated_families(connection, county, period.first.year, now):
            await publish(county, period.first.year, outdated)
        return await _store(connection, county, period, closed_by, note)
    except (Exception, KeyboardInterrupt):
        if not connection.is_closed():
            for family in FAMILIES:
                await connection.execute(_UNREGISTER.format(family=family), county, period.name)
        raise


async def outdated_families(connection: Connection, county: str, year: int, now: datetime) -> list[str]:
    """The families of which a publication as of `now` may have other rows than the last one."""
    return [f for f in FAMILIES if not await _is_published(connection, f, county, year, now)]


async def _is_published(connection: Connection, family: str, county: str, year: int, now: datetime) -> bool:
    rows = [row for row in await known(connection, family, now) if (row["county"], row["year"]) == (county, year)]
    if not all(is_same(row, now) for row in rows) or await connection.fetchval(_FAILED, family, county, year):
        return False
    if family != "fcr":
        return True
    return not any([await connection.fetchval(_DUE_PROMISES, county, row["published_at"], now) for row in rows])


async def _register(connection: Connection, county: str, period: Period) -> None:
    last = date.fromordinal(period.until.toordinal() - 1)
    for family in FAMILIES:
        async with connection.transaction():
            await lock_county(connection, family, county)
            await connection.execute(_REGISTER.format(family=family), county, period.name, period.first, last)


async def _store(connection: Connection, county: str, period: Period, closed_by: str, note: str | None) -> Edition:
    """One snapshot: every family's rows with the log position that they include.

    A publication that ends at the same time is either in the snapshot or compared with this edition.
    """
    async with (
        locked_restatements(connection, county),
        connection.transaction(isolation="repeatable_read"),
    ):
        stored = await connection.fetchrow(_EDITION, county, period.kind, period.name, closed_by, note)
        assert stored is not None
        rows = 0
        for view, keys in _views():
            pairs = ", ".join(f"'{key}', {key}" for key in keys)
            left_out = [*FIXED, *keys, "suppressed", "published_at"]
            statement = _ROWS.format(view=view, pairs=pairs)
            status = await connection.execute(statement, county, period.name, stored["edition"], left_out)
            rows += int(status.rsplit(" ", 1)[1])
        for family in FAMILIES:
            position = _POSITION.format(family=family)
            await connection.execute(position, county, period.name, stored["edition"], period.first.year)
        await connection.execute(_SUPERSEDE, county, period.name)
        if not rows:
            raise VerbError(f"Nothing is published of {county} in {period.name}: there is nothing to close.")
    return Edition(county, period.name, stored["edition"], stored["closed_at"], rows)


def _views() -> list[tuple[str, tuple[str, ...]]]:
    """The published views, with their keys beside county and period."""
    views = [(view.name, (*KEYS[len(FIXED) :], *view.further)) for view in VIEWS.values()]
    return [*views, (KEY_RESULT, ("id",))]


async def connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect as the steward."""
    return await asyncpg.connect(dsn, server_settings={"application_name": "hva-close"})
