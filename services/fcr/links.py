"""Links between contacts: which contact repeats which.

R repeats C within W days of 24 hours when both have the same person, line and reason, C is handled, R is repeatable, R
follows C (by start, then id) and R.started_at <= end(C) + W (docs/figures.md, fcr_confirmed). So R depends on the
greatest end among all handled contacts before it, not only the one of its predecessor, and C on the first repeatable
contact after it. A contact stores the smallest window of each: None, 1, 7 or 30 days.

end(C) is at most 24 hours after the start of C, so a change affects only contacts within 31 days. The number of rows
read does not grow with the history.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from services.fcr.domain import WINDOWS
from services.fcr.facts import MAX_CONTACT_LENGTH, Contact
from shared.postgres.facts import Change, FactTable, probe_each
from shared.postgres.lock import Connection

Key = tuple[int, str, str]
"""Person, line and reason."""

_REACH_HOURS: Final = (timedelta(days=WINDOWS[-1]) + MAX_CONTACT_LENGTH) // timedelta(hours=1)
# Each affected key with its span of affected times. Rows before the span keep `repeats_within` and rows after it keep
# `repeated_within`, because these depend on contacts that the query does not read.
_TOUCHED_KEYS: Final = """unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
       with ordinality key(person, line, reason, low, high, number)"""
_NEIGHBOURS: Final = f"""
select * from fcr.contact
where person = key.person
  and started_at between key.low - interval '{_REACH_HOURS} hours' and key.high + interval '{_REACH_HOURS} hours'
"""
_WRONG_LINKS: Final = f"""
with near as (
  select key.low, key.high, key.number, c.id, c.started_at, c.effective_end, c.handled, c.repeatable,
         c.repeats_within, c.repeated_within
  {probe_each(_TOUCHED_KEYS, _NEIGHBOURS, "c")}
  where c.line = key.line and c.reason = key.reason and c.counted
),
gaps as (
  select *,
    case when repeatable then started_at - max(effective_end) filter (where handled) over before end as since,
    case when handled then min(started_at) filter (where repeatable) over after - effective_end end as until
  from near
  window before as (partition by number order by started_at, id rows between unbounded preceding and 1 preceding),
         after as (partition by number order by started_at desc, id desc
                   rows between unbounded preceding and 1 preceding)
),
derived as (
  select id, repeats_within, repeated_within,
    case when started_at < low then repeats_within else fcr.least_window(since) end as repeats,
    case when started_at > high then repeated_within else fcr.least_window(until) end as repeated
  from gaps
)
select id, repeats, repeated from derived
where repeats is distinct from repeats_within or repeated is distinct from repeated_within
"""


async def update_links(
    connection: Connection, county: str, table: FactTable[Contact], changes: Sequence[Change[Contact]]
) -> list[Change[Contact]]:
    """Update the links of changed contacts and of their neighbours; returns all changes with these links.

    `changes` are already stored, but without their new links. The caller holds the county's lock.
    """
    spans = link_spans(changes)
    if not spans:
        return list(changes)
    rows = await _wrong_links(connection, spans)
    own = [c if (row := rows.pop(c.new.id, None)) is None else Change(c.old, _with_links(c.new, row)) for c in changes]
    neighbours = [
        Change(contact, _with_links(contact, rows[contact.id]))
        for contact in await table.probe(connection, county, "id", rows)
    ]
    await table.update_derived(
        connection, county, [c.new for c, before in zip(own, changes, strict=True) if c is not before]
    )
    await table.update_derived(connection, county, [c.new for c in neighbours])
    return [*own, *neighbours]


def nearest_cause(neighbour: Contact, changes: Iterable[Change[Contact]]) -> Change[Contact]:
    """Return the change that changed the links of a neighbour: of those of its person, line and reason, before or
    after, the nearest in time, then the least id.
    """
    assert neighbour.started_at is not None
    at, key = neighbour.started_at, (neighbour.person, neighbour.line, neighbour.reason)
    distances = (
        (abs(contact.started_at - at), change.new.id, change)
        for change in changes
        for contact in change
        if contact is not None
        and contact.started_at is not None
        and (contact.person, contact.line, contact.reason) == key
    )
    return min(distances, key=itemgetter(0, 1))[2]


async def derive_links(connection: Connection, contacts: Sequence[Contact]) -> list[Contact]:
    """Return stored contacts with the links that their neighbours imply; the same objects where they are right."""
    spans = link_spans(Change(None, contact) for contact in contacts)
    rows = await _wrong_links(connection, spans) if spans else {}
    return [_with_links(contact, rows[contact.id]) if contact.id in rows else contact for contact in contacts]


async def _wrong_links(connection: Connection, spans: Mapping[Key, tuple[datetime, datetime]]) -> dict[str, Any]:
    """Return the right links of the contacts in these spans whose stored links are wrong, by id."""
    columns = zip(*((*key, *span) for key, span in spans.items()), strict=True)
    return {row["id"]: row for row in await connection.fetch(_WRONG_LINKS, *map(list, columns))}


def link_spans(changes: Iterable[Change[Contact]]) -> dict[Key, tuple[datetime, datetime]]:
    """Return the keys of changed contacts, before and after, each with the first and last start of its contacts."""
    spans: dict[Key, tuple[datetime, datetime]] = {}
    for change in changes:
        for contact in change:
            if contact is None or not contact.counted or contact.person is None or contact.reason is None:
                continue
            assert contact.line is not None and contact.started_at is not None
            key, at = (contact.person, contact.line, contact.reason), contact.started_at
            low, high = spans.get(key, (at, at))
            spans[key] = (min(low, at), max(high, at))
    return spans


def _with_links(contact: Contact, row: Any) -> Contact:
    return contact._replace(repeats_within=row["repeats"], repeated_within=row["repeated"])
