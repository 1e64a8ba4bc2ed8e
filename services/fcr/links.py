"""Which contact repeats which: the state that a contact takes from its neighbours.

R repeats C within W days of 24 hours when both are of the same person, line and reason, C is handled, R is
repeatable, R follows C (by start, then id) and R.started_at <= end(C) + W (contract, section 5). So R needs the
greatest end among the handled contacts before it, not that of its predecessor, and C the first repeatable contact
after it. A contact says the least window of each: None, 1, 7 or 30 days.

end(C) is at most 24 hours after its start, so a contact touches only those within 31 days of it: what is read does
not grow with history.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from services.fcr.domain import WINDOWS
from services.fcr.facts import LONGEST, Contact
from shared.postgres.facts import Change, FactTable, probe_each
from shared.postgres.lock import Connection

Key = tuple[int, str, str]
"""Person, line and reason."""

_REACH_HOURS: Final = (timedelta(days=WINDOWS[-1]) + LONGEST) // timedelta(hours=1)
# Every touched key with the span of its touched times. Rows before the span keep `repeats_within`, rows behind it
# `repeated_within`: what follows from contacts out of reach is not worked out anew.
_KEYS: Final = """unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
       with ordinality key(person, line, reason, low, high, number)"""
_NEAR: Final = f"""
select * from fcr.contact
where person = key.person
  and started_at between key.low - interval '{_REACH_HOURS} hours' and key.high + interval '{_REACH_HOURS} hours'
"""
_WRONG: Final = f"""
with near as (
  select key.low, key.high, key.number, c.id, c.started_at, c.effective_end, c.handled, c.repeatable,
         c.repeats_within, c.repeated_within
  {probe_each(_KEYS, _NEAR, "c")}
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


async def link(
    connection: Connection, county: str, table: FactTable[Contact], changes: Sequence[Change[Contact]]
) -> list[Change[Contact]]:
    """The changes with what follows for their links, and the neighbours that changed with them, all written.

    `changes` are in the table already, their links not yet; the county's lock must be held.
    """
    spans = touched(changes)
    if not spans:
        return list(changes)
    rows = await _wrong(connection, spans)
    own = [c if (row := rows.pop(c.new.id, None)) is None else Change(c.old, _linked(c.new, row)) for c in changes]
    neighbours = await table.probe(connection, county, "id", rows)
    followed = [Change(fact, _linked(fact, rows[fact.id])) for fact in neighbours]
    await table.update_derived(
        connection, county, [c.new for c, before in zip(own, changes, strict=True) if c is not before]
    )
    await table.update_derived(connection, county, [c.new for c in followed])
    return [*own, *followed]


async def relinked(connection: Connection, contacts: Sequence[Contact]) -> list[Contact]:
    """Stored contacts as their neighbours make them; the same objects where nothing is wrong."""
    spans = touched(Change(None, contact) for contact in contacts)
    rows = await _wrong(connection, spans) if spans else {}
    return [_linked(contact, rows[contact.id]) if contact.id in rows else contact for contact in contacts]


async def _wrong(connection: Connection, spans: Mapping[Key, tuple[datetime, datetime]]) -> dict[str, Any]:
    """The contacts of these keys and times whose links are wrong, by id, with the right ones."""
    columns = zip(*((*key, *span) for key, span in spans.items()), strict=True)
    return {row["id"]: row for row in await connection.fetch(_WRONG, *map(list, columns))}


def touched(changes: Iterable[Change[Contact]]) -> dict[Key, tuple[datetime, datetime]]:
    """The link keys of changed contacts, old and new, each with the first and the last time at which it changed."""
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


def _linked(contact: Contact, row: Any) -> Contact:
    return contact._replace(repeats_within=row["repeats"], repeated_within=row["repeated"])
