"""Histories: the memberships of persons, per pseudonym, for the segment stream.

Every pseudonym of a person has the history of that person. A changed history is stored in `segments.history` as
pending until the outbox publishes it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from services.segments.members import stored_memberships
from services.segments.membership import to_json
from shared.postgres.facts import fenced, person_probes
from shared.postgres.lock import Connection

_PSEUDONYMS: Final = f"select fact.client, fact.person {person_probes('segments.client')}"
_STORED: Final = "select intervals from segments.history where county = $1 and client = computed.client"
# A pseudonym without a stored history has the empty one.
_CHANGED_HISTORIES: Final = f"""
from unnest($2::text[], $3::text[]) computed(client, intervals)
left join lateral {fenced(_STORED)} stored on true
where coalesce(stored.intervals, '[]') <> computed.intervals
""".strip()
# A version is a time, so that it also grows when this table is empty after a rebuild.
_ENQUEUE: Final = """
insert into segments.history as h (county, client, version, intervals, pending)
select $1, computed.client, (extract(epoch from clock_timestamp()) * 1000000)::bigint, computed.intervals, true
{changed_histories}
on conflict (county, client) do update
set version = greatest(h.version + 1, excluded.version), intervals = excluded.intervals, pending = true
"""


async def enqueue_histories(
    connection: Connection, county: str, changed: Iterable[int], moved: Mapping[str, int]
) -> None:
    """Mark changed histories as pending for the outbox.

    `changed` are the persons whose membership changed, `moved` the new persons of pseudonyms that a merge moved.
    """
    persons = {**await _pseudonyms(connection, changed), **moved}
    if persons:
        statement = _ENQUEUE.format(changed_histories=_CHANGED_HISTORIES)
        await connection.execute(statement, county, *await _histories(connection, persons))


async def persons_with_wrong_history(connection: Connection, county: str, persons: Iterable[int]) -> set[int]:
    """Return the persons whose stored membership differs from the stored history of one of their pseudonyms."""
    clients = await _pseudonyms(connection, persons)
    if not clients:
        return set()
    rows = await connection.fetch(
        f"select computed.client {_CHANGED_HISTORIES}", county, *await _histories(connection, clients)
    )
    return {clients[row["client"]] for row in rows}


async def _pseudonyms(connection: Connection, persons: Iterable[int]) -> dict[str, int]:
    return {row["client"]: row["person"] for row in await connection.fetch(_PSEUDONYMS, sorted(persons))}


async def _histories(connection: Connection, clients: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Return the pseudonyms, sorted, and the histories that follow from the memberships of their persons."""
    known = await stored_memberships(connection, set(clients.values()))
    ordered = sorted(clients)
    return ordered, [to_json(known.get(clients[client], ())) for client in ordered]
