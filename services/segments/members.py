"""Membership of touched persons worked out anew from their facts, and the labels and histories that follow from it.

Everything is asked person by person through indexes, so what a batch costs grows with the history of its own
persons and not with that of the county.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from services.segments.facts import ServiceEvent
from services.segments.membership import OPEN, Evidence, Interval, holds, membership, to_json
from shared.labels import MEMBER, OTHER
from shared.postgres.facts import Change, FactTable
from shared.postgres.lock import Connection
from shared.registers import Registers

_OF_PERSONS: Final = """
from unnest($1::bigint[]) wanted(value)
cross join lateral (select * from {table} where person = wanted.value offset 0) fact
"""
_VALID: Final = f"select person, valid_from, valid_to {_OF_PERSONS}"
_ASSIGNED: Final = f"{_VALID} where scheme = $2 and segment = $3"
_ASSESSED: Final = f"select person, assessed_at, id, day, result {_OF_PERSONS}"
# Of persons who never had enough sectors nothing comes back.
_SECTOR_DAYS: Final = """
select wanted.value as person, fact.sector, fact.day
from unnest($1::bigint[]) wanted(value)
cross join lateral (
  select sector, day, max(place) over () as sectors
  from (select sector, day, dense_rank() over (order by sector) as place
        from segments.service_event where person = wanted.value and done) ranked
  offset 0) fact
where fact.sectors >= $2
"""
_STORED: Final = f"select person, first, until {_OF_PERSONS.format(table='segments.membership')}"
_FORGET: Final = "delete from segments.membership where person = any($1::bigint[])"
_KEEP: Final = """
insert into segments.membership (county, person, first, until)
select $1, * from unnest($2::bigint[], $3::date[], $4::date[])
"""
_EVENTS: Final = _OF_PERSONS.format(table="segments.service_event")
_WRONG: Final = """
done and (segment = 'multidisciplinary') <> exists (
  select from segments.membership m where m.person = fact.person and m.first <= fact.day and fact.day < m.until)
"""
_ALIASES: Final = f"select client, person {_OF_PERSONS.format(table='segments.client')}"
# A history's version is a time, so that it grows also where this table began anew.
_TELL: Final = """
insert into segments.history as h (county, client, version, intervals, pending)
select $1, client, (extract(epoch from clock_timestamp()) * 1000000)::bigint, intervals, true
from unnest($2::text[], $3::text[]) told(client, intervals)
on conflict (county, client) do update
set version = greatest(h.version + 1, excluded.version), intervals = excluded.intervals, pending = true
where h.intervals <> excluded.intervals
"""

Memberships = Mapping[int, tuple[Interval, ...]]


async def stored(connection: Connection, persons: Collection[int]) -> dict[int, tuple[Interval, ...]]:
    """The membership of persons as it is known; persons without any are left out."""
    found: dict[int, list[Interval]] = defaultdict(list)
    for row in await connection.fetch(_STORED, sorted(persons)):
        found[row["person"]].append((row["first"], row["until"]))
    return {person: tuple(sorted(intervals)) for person, intervals in found.items()}


async def work_out(
    connection: Connection, county: str, persons: Collection[int], registers: Registers, mend: bool = True
) -> dict[int, tuple[Interval, ...]]:
    """Bring the membership of these persons up to their facts; returns that of those for whom it changed.

    Without `mend` nothing is written.
    """
    if not persons:
        return {}
    before = await stored(connection, persons)
    evidence = await _evidence(connection, persons, registers)
    rule, kinds = registers.segment_rule, registers.sectors
    after = {person: membership(evidence[person], rule, kinds) for person in persons}
    changed = {person: now for person, now in after.items() if now != before.get(person, ())}
    if not mend:
        return changed
    if gone := sorted(changed.keys() & before.keys()):
        await connection.execute(_FORGET, gone)
    if rows := [(person, *interval) for person, now in sorted(changed.items()) for interval in now]:
        await connection.execute(_KEEP, county, *map(list, zip(*rows, strict=True)))
    return changed


async def _evidence(connection: Connection, persons: Collection[int], registers: Registers) -> dict[int, Evidence]:
    rule, wanted = registers.segment_rule, sorted(persons)
    found: dict[int, Evidence] = defaultdict(Evidence)
    for row in await connection.fetch(_VALID.format(table="segments.flag"), wanted):
        found[row["person"]].flags.append(_interval(row))
    for row in await connection.fetch(_VALID.format(table="segments.plan"), wanted):
        found[row["person"]].plans.append(_interval(row))
    assigned = _ASSIGNED.format(table="segments.assignment")
    for row in await connection.fetch(assigned, wanted, rule.e6_scheme, rule.e6_segment):
        found[row["person"]].assignments.append(_interval(row))
    for row in await connection.fetch(_ASSESSED.format(table="segments.assessment"), wanted):
        found[row["person"]].assessments.append(tuple(row)[1:])
    for row in await connection.fetch(_SECTOR_DAYS, wanted, rule.e4_min_sectors):
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


async def relabel(
    connection: Connection, county: str, table: FactTable[ServiceEvent], persons: Iterable[int]
) -> list[Change[ServiceEvent]]:
    """Give the service events of persons the segments by the membership that is stored; returns what changed."""
    wrong = await table.found(connection, _EVENTS, _WRONG, sorted(persons))
    other = {MEMBER: OTHER, OTHER: MEMBER}
    changes = [Change(fact, fact._replace(segment=other[fact.segment])) for fact in wrong]
    await table.revise(connection, county, [change.new for change in changes])
    return changes


async def tell(connection: Connection, county: str, changed: Memberships, moved: Mapping[str, int]) -> None:
    """Put the histories of all pseudonyms of persons whose membership changed, and of pseudonyms that are of another
    person now, among those that wait to be put out.
    """
    persons = {row["client"]: row["person"] for row in await connection.fetch(_ALIASES, sorted(changed))}
    persons |= moved
    if not persons:
        return
    known = await stored(connection, set(persons.values()))
    clients = sorted(persons)
    histories = [to_json(known.get(persons[client], ())) for client in clients]
    await connection.execute(_TELL, county, clients, histories)
