"""The memberships of persons as histories of their pseudonyms, which the segment stream tells.

Every pseudonym of a person has the history of all of her. What is told waits in `segments.history` for the outbox.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from services.segments.members import stored
from services.segments.membership import to_json
from shared.postgres.facts import fenced, person_probes
from shared.postgres.lock import Connection

_ALIASES: Final = f"select fact.client, fact.person {person_probes('segments.client')}"
_BEFORE: Final = "select intervals from segments.history where county = $1 and client = told.client"
# A pseudonym without a history is not a member.
_OTHERWISE_TOLD: Final = f"""
from unnest($2::text[], $3::text[]) told(client, intervals)
left join lateral {fenced(_BEFORE)} before on true
where coalesce(before.intervals, '[]') <> told.intervals
"""
# A history's version is a time, so that it grows also where this table began anew.
_TELL: Final = """
insert into segments.history as h (county, client, version, intervals, pending)
select $1, told.client, (extract(epoch from clock_timestamp()) * 1000000)::bigint, told.intervals, true
{otherwise_told}
on conflict (county, client) do update
set version = greatest(h.version + 1, excluded.version), intervals = excluded.intervals, pending = true
"""


async def tell(connection: Connection, county: str, changed: Iterable[int], moved: Mapping[str, int]) -> None:
    """Put the histories of all pseudonyms of persons whose membership changed, and of pseudonyms that are of another
    person now, among those that wait to be put out.
    """
    persons = {**await _pseudonyms(connection, changed), **moved}
    if persons:
        await connection.execute(
            _TELL.format(otherwise_told=_OTHERWISE_TOLD), county, *await _histories(connection, persons)
        )


async def persons_with_wrong_history(connection: Connection, county: str, persons: Iterable[int]) -> set[int]:
    """Persons of whom the history of a pseudonym says another membership than what is stored."""
    clients = await _pseudonyms(connection, persons)
    if not clients:
        return set()
    rows = await connection.fetch(
        "select told.client" + _OTHERWISE_TOLD, county, *await _histories(connection, clients)
    )
    return {clients[row["client"]] for row in rows}


async def _pseudonyms(connection: Connection, persons: Iterable[int]) -> dict[str, int]:
    return {row["client"]: row["person"] for row in await connection.fetch(_ALIASES, sorted(persons))}


async def _histories(connection: Connection, clients: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Pseudonyms and what the membership of their persons is as a history."""
    known = await stored(connection, set(clients.values()))
    ordered = sorted(clients)
    return ordered, [to_json(known.get(clients[client], ())) for client in ordered]
