"""Stored memberships: recompute them from facts, store or stage them, and relabel the service events of their persons.

Queries probe indexes person by person, and only the dates that changed facts affect are recomputed. So the cost of a
batch grows neither with the history of the county nor with that of its persons.

While a county changes to another rule, its active memberships do not change: the memberships by the new rule are staged
in `segments.staged_membership` and activated for all persons at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.segments.affected_dates import SectorDay
from services.segments.facts import ServiceEvent
from services.segments.membership import OPEN, Grounds, Interval, add_days, contains_day, membership, splice
from shared.labels import MEMBER, OTHER
from shared.postgres.facts import Change, person_probes, probe_each
from shared.postgres.lock import Connection
from shared.postgres.restated import closed_months
from shared.registers import Registers

_FLAGS: Final = f"select person, valid_from, valid_to {person_probes('segments.flag')}"
_PLANS: Final = f"select person, valid_from, valid_to {person_probes('segments.plan')}"
_ASSIGNMENTS: Final = f"""
select person, valid_from, valid_to {person_probes("segments.assignment")} where scheme = $2 and segment = $3
"""
_ASSESSMENTS: Final = f"select person, assessed_at, id, day, result {person_probes('segments.assessment')}"
_RANKED_SECTORS: Final = """
select sector, day, max(sector_number) over () as sectors
from (
  select sector, day, dense_rank() over (order by sector) as sector_number
  from segments.service_event
  where person = wanted.person and day >= wanted.first and day < wanted.until and done) ranked
"""
# Persons with too few sectors have no rows here.
_SECTOR_DAYS: Final = f"""
select wanted.person, fact.sector, fact.day
{probe_each("unnest($1::bigint[], $2::date[], $3::date[]) wanted(person, first, until)", _RANKED_SECTORS)}
where fact.sectors >= $4
"""
_STORED: Final = f"select person, first, until {person_probes('segments.membership')}"
_ORPHANED: Final = """
select distinct person from segments.membership m
where county = $1
  and not exists (select from segments.client c where c.number = m.person and c.person = c.number)
"""
_DELETE: Final = "delete from segments.membership where person = any($1::bigint[])"
_INSERT: Final = """
insert into segments.membership (county, person, first, until)
select $1, * from unnest($2::bigint[], $3::date[], $4::date[])
"""
_STAGE: Final = """
with deleted as (delete from segments.staged_membership where person = any($2::bigint[]))
insert into segments.staged_membership (county, person, first, until)
select $1, * from unnest($3::bigint[], $4::date[], $5::date[])
"""
_PERSONS_AFTER: Final = """
select number from segments.client where county = $1 and number > $2 and number = person order by number limit $3
"""
_STAGED_PERSONS: Final = """
select distinct person from segments.staged_membership where county = $1 and person > $2 order by person limit $3
"""
_ACTIVATE: Final = """
with staged as (
  delete from segments.staged_membership where person = any($1::bigint[]) returning county, person, first, until)
insert into segments.membership (county, person, first, until) select * from staged where first is not null
"""
_COUNT_EVENTS: Final = """
select day.*, (
  select count(*) from segments.service_event e
  where e.person = day.person and e.day = day.day and e.sector = day.sector and e.done) as events
from unnest($1::bigint[], $2::text[], $3::date[]) day(person, sector, day)
"""
_WRONG_LABELS: Final = f"""
select ctid, day from segments.service_event
where person = wanted.value and done and (segment = '{MEMBER}') <> exists (
  select from segments.membership m where m.person = wanted.value and m.first <= day and day < m.until)
"""
_RELABEL: Final = f"""
with relabelled as (
  update segments.service_event e
  set segment = case e.segment when '{MEMBER}' then '{OTHER}' else '{MEMBER}' end
  {probe_each("unnest($1::bigint[]) wanted(value)", _WRONG_LABELS, "wrong")}
  where e.ctid = wrong.ctid
  returning new.unit_row, new.day, new.sector, new.event_class, old.segment as before, new.segment as now,
    case when date_trunc('month', new.day)::date = any($2::date[]) then new.id else '' end as id, new.person)
select unit_row, day, sector, event_class, before, now, id, min(person) as person, count(*) as events
from relabelled group by unit_row, day, sector, event_class, before, now, id
"""

Memberships = Mapping[int, tuple[Interval, ...]]

Relabelled = tuple[int, Change[ServiceEvent]]
"""A number of service events, and the change of label that each of them had; only the counted fields are set. In closed
months also id and person, and the number is 1.
"""


async def stored_memberships(connection: Connection, persons: Collection[int]) -> dict[int, tuple[Interval, ...]]:
    """Return the stored memberships of persons; persons without a membership are omitted."""
    found: dict[int, list[Interval]] = defaultdict(list)
    for row in await connection.fetch(_STORED, sorted(persons)):
        found[row["person"]].append((row["first"], row["until"]))
    return {person: tuple(sorted(intervals)) for person, intervals in found.items()}


async def recompute_memberships(
    connection: Connection, spans: Mapping[int, Interval], registers: Registers
) -> dict[int, tuple[Interval, ...]]:
    """Recompute memberships from facts; returns those that differ from the stored ones.

    `spans` maps each person to the dates on which the membership can differ: only these are recomputed.
    """
    if not spans:
        return {}
    before = await stored_memberships(connection, spans)
    grounds = await _grounds(connection, spans, registers)
    rule, kinds = registers.segment_rule, registers.sectors
    changed = {}
    for person in grounds.keys() | before.keys():
        known = before.get(person, ())
        now = splice(known, membership(grounds[person], rule, kinds), spans[person])
        if now != known:
            changed[person] = now
    return changed


async def changed_sector_days(connection: Connection, days: Mapping[SectorDay, int]) -> list[SectorDay]:
    """Return the sector days that got their first or lost their last service event.

    `days` maps each sector day to the change of its number of events.
    """
    if not days:
        return []
    rows = await connection.fetch(_COUNT_EVENTS, *map(list, zip(*days, strict=True)))
    now = {(row["person"], row["sector"], row["day"]): row["events"] for row in rows}
    return [day for day, change in days.items() if now[day] in (0, change)]


async def store_memberships(connection: Connection, county: str, changed: Memberships) -> None:
    """Replace the stored memberships of these persons."""
    if not changed:
        return
    await connection.execute(_DELETE, sorted(changed))
    if rows := _rows(changed):
        await connection.execute(_INSERT, county, *map(list, zip(*rows, strict=True)))


async def persons_after(connection: Connection, county: str, after: str, limit: int) -> tuple[list[int], str]:
    """Return up to `limit` persons by number, from the position `after`, and the next position; `''` at the end."""
    rows = await connection.fetch(_PERSONS_AFTER, county, int(after or 0), limit)
    persons = [row["number"] for row in rows]
    return persons, str(persons[-1]) if len(persons) == limit else ""


async def orphaned_memberships(connection: Connection, county: str) -> list[int]:
    """Return the person numbers that have memberships but no longer exist."""
    return [row["person"] for row in await connection.fetch(_ORPHANED, county)]


async def stage_memberships(connection: Connection, county: str, persons: Iterable[int], changed: Memberships) -> None:
    """Replace the staged memberships of `persons` by `changed`; persons not in `changed` get none."""
    rows = [*_rows(changed), *((person, None, None) for person, now in sorted(changed.items()) if not now)]
    columns = list(map(list, zip(*rows, strict=True))) or [[], [], []]
    await connection.execute(_STAGE, county, sorted(persons), *columns)


async def staged_persons(connection: Connection, county: str, after: int, limit: int) -> list[int]:
    """Return up to `limit` persons with staged memberships, in order, after the person `after`."""
    return [row["person"] for row in await connection.fetch(_STAGED_PERSONS, county, after, limit)]


async def activate_staged(connection: Connection, persons: Sequence[int]) -> None:
    """Replace the active memberships of these persons by their staged ones."""
    await connection.execute(_DELETE, persons)
    await connection.execute(_ACTIVATE, persons)


def _rows(memberships: Memberships) -> list[tuple[Any, ...]]:
    return [(person, *interval) for person, now in sorted(memberships.items()) for interval in now]


async def _grounds(connection: Connection, spans: Mapping[int, Interval], registers: Registers) -> dict[int, Grounds]:
    """Load flags, plans, assignments and assessments, and the sector days whose windows overlap the spans."""
    rule, wanted = registers.segment_rule, sorted(spans)
    found: dict[int, Grounds] = defaultdict(Grounds)
    for row in await connection.fetch(_FLAGS, wanted):
        found[row["person"]].flags.append(_interval(row))
    for row in await connection.fetch(_PLANS, wanted):
        found[row["person"]].plans.append(_interval(row))
    for row in await connection.fetch(_ASSIGNMENTS, wanted, rule.e6_scheme, rule.e6_segment):
        found[row["person"]].assignments.append(_interval(row))
    for row in await connection.fetch(_ASSESSMENTS, wanted):
        found[row["person"]].assessments.append(tuple(row)[1:])
    firsts = [add_days(spans[person][0], 1 - rule.e4_window_days) for person in wanted]
    untils = [spans[person][1] for person in wanted]
    for row in await connection.fetch(_SECTOR_DAYS, wanted, firsts, untils, rule.e4_min_sectors):
        found[row["person"]].sector_days.setdefault(row["sector"], set()).add(row["day"])
    return found


def _interval(row: Any) -> Interval:
    return row["valid_from"], row["valid_to"] or OPEN


def label_events(events: Sequence[ServiceEvent], memberships: Memberships) -> list[ServiceEvent]:
    """Label service events by these memberships; events that do not count are `other`."""
    return [event._replace(segment=_segment(event, memberships)) for event in events]


def _segment(event: ServiceEvent, memberships: Memberships) -> str:
    if not event.done or event.person is None or event.day is None:
        return OTHER
    return MEMBER if contains_day(memberships.get(event.person, ()), event.day) else OTHER


async def relabel(connection: Connection, county: str, persons: Collection[int]) -> list[Relabelled]:
    """Relabel the stored service events of persons by their stored memberships; returns what changed."""
    if not persons:
        return []
    closed = [date(year, month, 1) for year, month in await closed_months(connection, "segments", county)]
    found = []
    for row in await connection.fetch(_RELABEL, sorted(persons), closed):
        columns = {name: row[name] for name in ("id", "person", "unit_row", "day", "sector", "event_class")}
        event = ServiceEvent(county, rank=b"", retracted=False, status="done", **columns)
        change = Change(event._replace(segment=row["before"]), event._replace(segment=row["now"]))
        found.append((row["events"], change))
    return found
