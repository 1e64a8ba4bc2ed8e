"""Membership of touched persons worked out anew from their facts, and the labels and histories that follow from it.

Everything is asked person by person through indexes, and only the dates that changed facts say something of are worked
out: what a batch costs grows neither with the history of the county nor with that of its persons.

While a county is on its way to a changed rule, memberships stand still: what the new rule says of a person is kept
beside them, and comes into force for all persons at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from services.segments.facts import ServiceEvent
from services.segments.membership import OPEN, Evidence, Interval, holds, later, membership, splice
from services.segments.touched import SectorDay
from shared.labels import MEMBER, OTHER
from shared.postgres.facts import Change, person_probes, probe_each
from shared.postgres.lock import Connection
from shared.registers import Registers

_FLAGGED: Final = f"select person, valid_from, valid_to {person_probes('segments.flag')}"
_PLANNED: Final = f"select person, valid_from, valid_to {person_probes('segments.plan')}"
_ASSIGNED: Final = f"""
select person, valid_from, valid_to {person_probes("segments.assignment")} where scheme = $2 and segment = $3
"""
_ASSESSED: Final = f"select person, assessed_at, id, day, result {person_probes('segments.assessment')}"
_RANKED_SECTORS: Final = """
select sector, day, max(sector_number) over () as sectors
from (
  select sector, day, dense_rank() over (order by sector) as sector_number
  from segments.service_event
  where person = wanted.person and day >= wanted.first and day < wanted.until and done) ranked
"""
# Persons who never had enough sectors have no rows here.
_SECTOR_DAYS: Final = f"""
select wanted.person, fact.sector, fact.day
{probe_each("unnest($1::bigint[], $2::date[], $3::date[]) wanted(person, first, until)", _RANKED_SECTORS)}
where fact.sectors >= $4
"""
_STORED: Final = f"select person, first, until {person_probes('segments.membership')}"
_OF_NOBODY: Final = """
select distinct person from segments.membership m
where county = $1
  and not exists (select from segments.client c where c.number = m.person and c.person = c.number)
"""
_FORGET: Final = "delete from segments.membership where person = any($1::bigint[])"
_KEEP: Final = """
insert into segments.membership (county, person, first, until)
select $1, * from unnest($2::bigint[], $3::date[], $4::date[])
"""
_PUT_OFF: Final = """
with before as (delete from segments.staged_membership where person = any($2::bigint[]))
insert into segments.staged_membership (county, person, first, until)
select $1, * from unnest($3::bigint[], $4::date[], $5::date[])
"""
_THOSE_PUT_OFF: Final = """
select distinct person from segments.staged_membership where county = $1 and person > $2 order by person limit $3
"""
_IN_FORCE: Final = """
with gone as (
  delete from segments.staged_membership where person = any($1::bigint[]) returning county, person, first, until)
insert into segments.membership (county, person, first, until) select * from gone where first is not null
"""
_HOW_MANY: Final = """
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
  returning new.unit_row, new.day, new.sector, new.event_class, old.segment as before, new.segment as now)
select unit_row, day, sector, event_class, before, now, count(*) as events
from relabelled group by unit_row, day, sector, event_class, before, now
"""

Memberships = Mapping[int, tuple[Interval, ...]]

Relabelled = tuple[int, Change[ServiceEvent]]
"""How many service events changed their segment as this one did, of which nothing else is told."""


async def stored(connection: Connection, persons: Collection[int]) -> dict[int, tuple[Interval, ...]]:
    """The membership of persons as it is known; persons without any are left out."""
    found: dict[int, list[Interval]] = defaultdict(list)
    for row in await connection.fetch(_STORED, sorted(persons)):
        found[row["person"]].append((row["first"], row["until"]))
    return {person: tuple(sorted(intervals)) for person, intervals in found.items()}


async def recompute_memberships(
    connection: Connection, spans: Mapping[int, Interval], registers: Registers
) -> dict[int, tuple[Interval, ...]]:
    """The membership of persons by their facts, for those for whom it is another than what is known.

    By person the dates on which it may be another: only these are worked out.
    """
    if not spans:
        return {}
    before = await stored(connection, spans)
    evidence = await _evidence(connection, spans, registers)
    rule, kinds = registers.segment_rule, registers.sectors
    changed = {}
    for person in evidence.keys() | before.keys():
        known = before.get(person, ())
        now = splice(known, membership(evidence[person], rule, kinds), spans[person])
        if now != known:
            changed[person] = now
    return changed


async def changed_sector_days(connection: Connection, days: Mapping[SectorDay, int]) -> list[SectorDay]:
    """Of days, by how much their numbers of service events changed: those that got their first or lost their last."""
    if not days:
        return []
    rows = await connection.fetch(_HOW_MANY, *map(list, zip(*days, strict=True)))
    now = {(row["person"], row["sector"], row["day"]): row["events"] for row in rows}
    return [day for day, change in days.items() if now[day] in (0, change)]


async def keep(connection: Connection, county: str, changed: Memberships) -> None:
    """From now on this is the membership of these persons."""
    if not changed:
        return
    await connection.execute(_FORGET, sorted(changed))
    if rows := _rows(changed):
        await connection.execute(_KEEP, county, *map(list, zip(*rows, strict=True)))


async def orphaned_memberships(connection: Connection, county: str) -> list[int]:
    """The numbers that have memberships and are no person's."""
    return [row["person"] for row in await connection.fetch(_OF_NOBODY, county)]


async def stage_memberships(connection: Connection, county: str, persons: Iterable[int], changed: Memberships) -> None:
    """Keep the changed membership of some of these persons for later; of the others nothing is to come."""
    rows = [*_rows(changed), *((person, None, None) for person, now in sorted(changed.items()) if not now)]
    columns = list(map(list, zip(*rows, strict=True))) or [[], [], []]
    await connection.execute(_PUT_OFF, county, sorted(persons), *columns)


async def staged_persons(connection: Connection, county: str, after: int, limit: int) -> list[int]:
    """Persons behind one, in order, for whom something is to come."""
    return [row["person"] for row in await connection.fetch(_THOSE_PUT_OFF, county, after, limit)]


async def activate_staged(connection: Connection, persons: Sequence[int]) -> None:
    """What was put off for these persons is their membership from now on."""
    await connection.execute(_FORGET, persons)
    await connection.execute(_IN_FORCE, persons)


def _rows(memberships: Memberships) -> list[tuple[Any, ...]]:
    return [(person, *interval) for person, now in sorted(memberships.items()) for interval in now]


async def _evidence(connection: Connection, spans: Mapping[int, Interval], registers: Registers) -> dict[int, Evidence]:
    """All flags, plans, assignments and assessments, and the sectors of the days in whose windows a span is."""
    rule, wanted = registers.segment_rule, sorted(spans)
    found: dict[int, Evidence] = defaultdict(Evidence)
    for row in await connection.fetch(_FLAGGED, wanted):
        found[row["person"]].flags.append(_interval(row))
    for row in await connection.fetch(_PLANNED, wanted):
        found[row["person"]].plans.append(_interval(row))
    for row in await connection.fetch(_ASSIGNED, wanted, rule.e6_scheme, rule.e6_segment):
        found[row["person"]].assignments.append(_interval(row))
    for row in await connection.fetch(_ASSESSED, wanted):
        found[row["person"]].assessments.append(tuple(row)[1:])
    firsts = [later(spans[person][0], 1 - rule.e4_window_days) for person in wanted]
    untils = [spans[person][1] for person in wanted]
    for row in await connection.fetch(_SECTOR_DAYS, wanted, firsts, untils, rule.e4_min_sectors):
        found[row["person"]].sector_days.setdefault(row["sector"], set()).add(row["day"])
    return found


def _interval(row: Any) -> Interval:
    return row["valid_from"], row["valid_to"] or OPEN


def labelled(events: Sequence[ServiceEvent], memberships: Memberships) -> list[ServiceEvent]:
    """Service events with the segments of their clients on their days; those that do not count have none."""
    return [event._replace(segment=_segment(event, memberships)) for event in events]


def _segment(event: ServiceEvent, memberships: Memberships) -> str:
    if not event.done or event.person is None or event.day is None:
        return OTHER
    return MEMBER if holds(memberships.get(event.person, ()), event.day) else OTHER


async def relabel(connection: Connection, persons: Iterable[int]) -> list[Relabelled]:
    """Give the service events of persons the segments by the membership that is stored; returns what changed."""
    found = []
    for row in await connection.fetch(_RELABEL, sorted(persons)):
        columns = {name: row[name] for name in ("unit_row", "day", "sector", "event_class")}
        event = ServiceEvent("", "", b"", retracted=False, status="done", **columns)
        change = Change(event._replace(segment=row["before"]), event._replace(segment=row["now"]))
        found.append((row["events"], change))
    return found
