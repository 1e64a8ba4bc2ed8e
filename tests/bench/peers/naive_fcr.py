"""How the naive peer stores contacts: SQL writes the contact, then recomputes its client's repeats and its day."""

from datetime import datetime
from typing import Any

from shared.postgres.lock import Connection

_CONTACT = """
insert into naive.contact values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (county, id) do update set (revision, unit, line, channel, day, started_at, ended_at, client, reason,
  handled, resolved) = row(excluded.revision, excluded.unit, excluded.line, excluded.channel, excluded.day,
  excluded.started_at, excluded.ended_at, excluded.client, excluded.reason, excluded.handled, excluded.resolved)
where contact.revision < excluded.revision
"""
_RETRACT = "delete from naive.contact where county = $1 and id = $2"
_REPEATS = """
update naive.contact c set repeated = computed.repeated
from (
  select c.id, c.handled and exists (
    select from naive.contact n
    where n.county = c.county and n.client = c.client and n.line = c.line and n.reason = c.reason
      and n.started_at > c.started_at and n.started_at <= c.ended_at + interval '7 days') as repeated
  from naive.contact c where c.county = $1 and c.client = $2) computed
where c.county = $1 and c.id = computed.id and c.repeated <> computed.repeated
"""
_DAY = """
insert into naive.contact_day
select county, day, unit, count(*), count(*) filter (where handled), count(*) filter (where handled and resolved),
       count(*) filter (where repeated)
from naive.contact where county = $1 and day = $2 and unit = $3 group by county, day, unit
on conflict (county, day, unit) do update set (contacts, handled, resolved, repeated) =
  row(excluded.contacts, excluded.handled, excluded.resolved, excluded.repeated)
"""
_HYTE = """
insert into naive.hyte values ($1, $2, $3, $4, $5, $6)
on conflict (county, id) do update set revision = excluded.revision, amount = excluded.amount
where hyte.revision < excluded.revision
"""
_RESOLVED = {"hoidettu-loppuun", "hyte-ohjattu"}


async def store(connection: Connection, county: str, kind: str, _time: datetime, data: dict[str, Any]) -> None:
    """Store the event and recompute what it changes, in the caller's transaction."""
    if "count_id" in data:
        if "unit" in data:
            values = (data["count_id"], data["revision"], data["unit"], data["kind"], data["count"])
            await connection.execute(_HYTE, county, *values)
    elif "unit" not in data:
        await connection.execute(_RETRACT, county, data["contact_id"])
    else:
        await _contact(connection, county, data)


async def _contact(connection: Connection, county: str, data: dict[str, Any]) -> None:
    started = datetime.fromisoformat(data["started_at"])
    ended = datetime.fromisoformat(data["ended_at"]) if "ended_at" in data else started
    answered = "answered_at" in data or "callback_reached_at" in data
    client = data.get("client")
    await connection.execute(
        _CONTACT,
        *(county, data["contact_id"], data["revision"], data["unit"], data["line"], data["channel"]),
        *(started.date(), started, ended, client, data.get("reason")),
        *(answered and data["direction"] == "inbound" and "excluded" not in data, data.get("outcome") in _RESOLVED),
    )
    if client is not None:
        await connection.execute(_REPEATS, county, client)
    await connection.execute(_DAY, county, started.date(), data["unit"])
