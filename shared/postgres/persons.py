"""Numbered pseudonyms, and the persons that merges make of them: tables `client` and `merge` of a service's schema.

A person is a connected component of the winning merges. Its number is the least number of its pseudonyms. A merge also
numbers new pseudonyms, so it does not matter whether it arrives before the facts or after them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from shared.person import Merge, PersonEvent
from shared.postgres.facts import Change, FactTable, fenced, probe_each, probes
from shared.postgres.lock import Connection
from shared.postgres.restated import Cause, Trigger

# A pseudonym without a merge is its own person.
_ADD: Final = """
with new as (
  select wanted.value as client, nextval('{schema}.client_number_seq') as number from unnest($2::text[]) wanted(value)
)
insert into {schema}.client (county, client, number, person) overriding system value
select $1, client, number, number from new
returning client, number
"""
# All clients that merges connect with the clients $2. Each step uses the two indexes of merges.
_NEIGHBOURS: Final = """
select other as client from {schema}.merge where county = $1 and one = connected.client
union all
select one from {schema}.merge where county = $1 and other = connected.client
"""
_CONNECTED: Final = f"""
with recursive connected(client) as (
  select * from unnest($2::text[])
  union
  select neighbour.client {probe_each("connected", _NEIGHBOURS, "neighbour")}
)
select client from connected
"""
_MERGES: Final = "select fact.one, fact.other {probes}"
_CLIENTS: Final = "select fact.client, fact.number, fact.person {probes}"
_MOVED: Final = "select ctid from {schema}.client where county = $1 and client = moved.client"
_MOVE: Final = f"""
update {{schema}}.client c set person = moved.person
{probe_each("unnest($2::text[], $3::bigint[]) moved(client, person)", _MOVED, "found")}
where c.ctid = found.ctid
"""
# The facts of clients $1 that belonged to persons $2. There is no condition on the county, because the planner could
# then choose an index that begins with it.
_OF_MOVED: Final = probe_each(
    "unnest($1::text[], $2::bigint[]) wanted(client, person)",
    "select * from {table} where person = wanted.person and own_client = wanted.client",
)

F = TypeVar("F", bound=Any)


class Move(NamedTuple):
    """The old and the new person of a pseudonym."""

    old: int
    new: int


class Merged(NamedTuple):
    """The merges that changed, and the clients whose person changed."""

    changes: Sequence[Change[Merge]]
    moves: dict[str, Move]

    def explain(self, change: Change[Any]) -> Trigger:
        """The merge that moved the client of a fact. Of several, the first that moved a client of the same persons."""
        move = self.moves[change.new.own_client]
        near = (
            merge for merge in self.changes if any(set(self.moves.get(end, ())) & set(move) for end in _ends(merge))
        )
        return Trigger(Cause.MERGED, next(near, self.changes[0]).new.rank)


def merge_table(schema: str) -> FactTable[Merge]:
    """Return the table of a service's merges."""
    columns = {"id": "text", "rank": "bytea", "retracted": "boolean", "one": "text", "other": "text"}
    return FactTable(f"{schema}.merge", Merge, columns, derived=())


async def assign_persons(connection: Connection, schema: str, county: str, facts: Sequence[F]) -> list[F]:
    """Return the facts of a county with their persons filled in. Its lock must be held."""
    clients = sorted({fact.own_client for fact in facts if fact.own_client is not None})
    persons = await persons_of(connection, schema, county, clients)
    return [fact if fact.own_client is None else fact._replace(person=persons[fact.own_client]) for fact in facts]


async def persons_of(connection: Connection, schema: str, county: str, clients: Sequence[str]) -> dict[str, int]:
    """Return the person of every client; new clients are numbered."""
    known = await _known(connection, schema, county, clients)
    persons = {client: person for client, (_, person) in known.items()}
    if new := [client for client in clients if client not in known]:
        persons |= {
            row["client"]: row["number"] for row in await connection.fetch(_ADD.format(schema=schema), county, new)
        }
    return persons


async def apply_merges(
    connection: Connection, table: FactTable[Merge], schema: str, county: str, events: Sequence[PersonEvent]
) -> Merged:
    """Write the merges of one county."""
    upserted = await table.upsert(connection, county, [event for event in events if isinstance(event, Merge)])
    ends = {end for change in upserted.changes for end in _ends(change)}
    if not ends:
        return Merged(upserted.changes, {})
    connected = await connected_clients(connection, schema, county, sorted(ends))
    await persons_of(connection, schema, county, connected)
    moves = await moves_of(connection, schema, county, connected)
    await set_persons(connection, schema, county, {client: move.new for client, move in moves.items()})
    return Merged(upserted.changes, moves)


def _ends(change: Change[Merge]) -> set[str]:
    return {end for merge in change if merge for end in (merge.one, merge.other) if end}


async def connected_clients(connection: Connection, schema: str, county: str, clients: Sequence[str]) -> list[str]:
    """Return these clients and all that merges connect with them, sorted."""
    rows = await connection.fetch(_CONNECTED.format(schema=schema), county, clients)
    return sorted(row["client"] for row in rows)


async def moves_of(connection: Connection, schema: str, county: str, clients: Sequence[str]) -> dict[str, Move]:
    """Return the clients whose stored person differs from the one that merges give.

    `clients` must contain every client that a merge connects with them. Clients without a number are left out.
    """
    known = await _known(connection, schema, county, clients)
    rows = await connection.fetch(_MERGES.format(probes=probes(f"{schema}.merge", "one")), county, clients)
    pairs = [(row["one"], row["other"]) for row in rows if row["one"] in known and row["other"] in known]
    persons = components({client: number for client, (number, _) in known.items()}, pairs)
    return {client: Move(known[client][1], new) for client, new in persons.items() if known[client][1] != new}


async def set_persons(connection: Connection, schema: str, county: str, persons: Mapping[str, int]) -> None:
    """Store the persons of these pseudonyms. `reassign_facts` then moves their facts."""
    if persons:
        await connection.execute(_MOVE.format(schema=schema), county, list(persons), list(persons.values()))


def components(numbers: Mapping[str, int], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the least number in the connected component of each client. Every client of a pair must have a number."""
    parents = {client: client for client in numbers}

    def root(client: str) -> str:
        while parents[client] != client:
            parents[client] = client = parents[parents[client]]  # path halving
        return client

    for one, other in pairs:
        low, high = sorted((root(one), root(other)), key=numbers.__getitem__)
        parents[high] = low
    return {client: numbers[root(client)] for client in numbers}


async def reassign_facts(
    connection: Connection, county: str, table: FactTable[F], moves: Mapping[str, Move]
) -> list[Change[F]]:
    """Write the new persons of clients to their stored facts; `person` must be a derived field."""
    old = [move.old for move in moves.values()]
    facts = await table.select(connection, _OF_MOVED.format(table=table.name), "true", list(moves), old)
    changes = [Change(fact, fact._replace(person=moves[fact.own_client].new)) for fact in facts]
    await table.update_derived(connection, county, [change.new for change in changes])
    return changes


def of_clients(schema: str, table: str) -> str:
    """Make a `from` clause with the facts of clients $2 of county $1, under the alias `fact`. It finds them by their
    persons only, as above.
    """
    known = f"select * from {schema}.client where county = $1 and client = wanted.value"
    facts = f"select * from {table} where person = known.person and own_client = wanted.value"
    return f"{probe_each('unnest($2::text[]) wanted(value)', known, 'known')} cross join lateral {fenced(facts)} fact"


async def _known(
    connection: Connection, schema: str, county: str, clients: Sequence[str]
) -> dict[str, tuple[int, int]]:
    query = _CLIENTS.format(probes=probes(f"{schema}.client", "client"))
    rows = await connection.fetch(query, county, clients)
    return {row["client"]: (row["number"], row["person"]) for row in rows}
