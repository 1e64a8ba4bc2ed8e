"""Pseudonyms by number, and the persons that merges make of them: tables `client` and `merge` of a service's schema.

A person is a connected component of the winning merges and has the least number of its pseudonyms. Merges number
the pseudonyms that they name, so it does not matter whether they come before the facts or after them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from shared.person import Merge, PersonEvent
from shared.postgres.facts import Change, FactTable, fenced, probe_each, probes
from shared.postgres.lock import Connection

# A pseudonym without a merge is a person of its own.
_ADD: Final = """
with new as (
  select wanted.value as client, nextval('{schema}.client_number_seq') as number from unnest($2::text[]) wanted(value)
)
insert into {schema}.client (county, client, number, person) overriding system value
select $1, client, number, number from new
returning client, number
"""
# Everyone whom merges reach from the clients $2; a step at a time, each by the two indexes of merges.
_NEXT: Final = """
select other as client from {schema}.merge where county = $1 and one = reached.client
union all
select one from {schema}.merge where county = $1 and other = reached.client
"""
_REACHED: Final = f"""
with recursive reached(client) as (
  select * from unnest($2::text[])
  union
  select next.client {probe_each("reached", _NEXT, "next")}
)
select client from reached
"""
_MERGES: Final = "select fact.one, fact.other {probes}"
_CLIENTS: Final = "select fact.client, fact.number, fact.person {probes}"
_MOVED: Final = "select ctid from {schema}.client where county = $1 and client = moved.client"
_MOVE: Final = f"""
update {{schema}}.client c set person = moved.person
{probe_each("unnest($2::text[], $3::bigint[]) moved(client, person)", _MOVED, "found")}
where c.ctid = found.ctid
"""
# The facts of clients $1 who were of persons $2. Their county is not asked for: an index that begins with it could be
# taken.
_OF_MOVED: Final = probe_each(
    "unnest($1::text[], $2::bigint[]) wanted(client, person)",
    "select * from {table} where person = wanted.person and own_client = wanted.client",
)

F = TypeVar("F", bound=Any)


class Move(NamedTuple):
    """The persons that a pseudonym was of, and is of now."""

    old: int
    new: int


def merge_table(schema: str) -> FactTable[Merge]:
    """The merges of a service."""
    columns = {"id": "text", "rank": "bytea", "retracted": "boolean", "one": "text", "other": "text"}
    return FactTable(f"{schema}.merge", Merge, columns, derived=())


async def number(connection: Connection, schema: str, county: str, facts: Sequence[F]) -> list[F]:
    """The facts of a county with the numbers of their persons; its lock must be held."""
    clients = sorted({fact.own_client for fact in facts if fact.own_client is not None})
    persons = await persons_of(connection, schema, county, clients)
    return [fact if fact.own_client is None else fact._replace(person=persons[fact.own_client]) for fact in facts]


async def persons_of(connection: Connection, schema: str, county: str, clients: Sequence[str]) -> dict[str, int]:
    """The person of every client, who is numbered where that is new."""
    known = await _known(connection, schema, county, clients)
    persons = {client: person for client, (_, person) in known.items()}
    if new := [client for client in clients if client not in known]:
        persons |= {
            row["client"]: row["number"] for row in await connection.fetch(_ADD.format(schema=schema), county, new)
        }
    return persons


async def apply_merges(
    connection: Connection, table: FactTable[Merge], schema: str, county: str, events: Sequence[PersonEvent]
) -> tuple[int, dict[str, Move]]:
    """Write the merges of one county; returns how many changed, and the clients who are of another person now."""
    upserted = await table.upsert(connection, county, [event for event in events if isinstance(event, Merge)])
    ends = {end for change in upserted.changes for merge in change if merge for end in (merge.one, merge.other) if end}
    if not ends:
        return len(upserted.changes), {}
    together = await reached(connection, schema, county, sorted(ends))
    await persons_of(connection, schema, county, together)
    moves = await moves_of(connection, schema, county, together)
    await set_persons(connection, schema, county, {client: move.new for client, move in moves.items()})
    return len(upserted.changes), moves


async def reached(connection: Connection, schema: str, county: str, clients: Sequence[str]) -> list[str]:
    """These clients and all whom merges join with them, in order."""
    rows = await connection.fetch(_REACHED.format(schema=schema), county, clients)
    return sorted(row["client"] for row in rows)


async def moves_of(connection: Connection, schema: str, county: str, clients: Sequence[str]) -> dict[str, Move]:
    """Of clients that no merge joins with others, those that are stored under another person than merges make them.

    Clients without a number are left out.
    """
    known = await _known(connection, schema, county, clients)
    rows = await connection.fetch(_MERGES.format(probes=probes(f"{schema}.merge", "one")), county, clients)
    pairs = [(row["one"], row["other"]) for row in rows if row["one"] in known and row["other"] in known]
    persons = components({client: number for client, (number, _) in known.items()}, pairs)
    return {client: Move(known[client][1], new) for client, new in persons.items() if known[client][1] != new}


async def set_persons(connection: Connection, schema: str, county: str, persons: Mapping[str, int]) -> None:
    """From now on these pseudonyms are of these persons; their facts are moved by `move`."""
    if persons:
        await connection.execute(_MOVE.format(schema=schema), county, list(persons), list(persons.values()))


def components(numbers: Mapping[str, int], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The least number that pairs connect each client to. Every client of a pair must have a number."""
    above = {client: client for client in numbers}

    def root(client: str) -> str:
        while above[client] != client:
            above[client] = client = above[above[client]]  # the way is half as long next time
        return client

    for one, other in pairs:
        low, high = sorted((root(one), root(other)), key=numbers.__getitem__)
        above[high] = low
    return {client: numbers[root(client)] for client in numbers}


async def move(connection: Connection, county: str, table: FactTable[F], moves: Mapping[str, Move]) -> list[Change[F]]:
    """Give the stored facts of clients the persons that they are of now; `person` must be a derived field."""
    old = [move.old for move in moves.values()]
    facts = await table.select(connection, _OF_MOVED.format(table=table.name), "true", list(moves), old)
    changes = [Change(fact, fact._replace(person=moves[fact.own_client].new)) for fact in facts]
    await table.update_derived(connection, county, [change.new for change in changes])
    return changes


def of_clients(schema: str, table: str) -> str:
    """`from` with the facts, called `fact`, of clients $2 of county $1, by way of the numbers of their persons, and as
    above by nothing else.
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
