"""Whether all pseudonyms of a county and their facts are of the persons that the stored merges make of them.

Live, a merge moves only those whom it reaches (`shared.postgres.persons`); here everything is derived anew, as a replay
does with what follows from facts: chunk by chunk, so that neither memory nor the time that the county is held grows
with the county.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.postgres.chunks import LONGEST_S, Pool, locked, write_in_chunks
from shared.postgres.facts import FactTable, fenced, probes
from shared.postgres.lock import Connection
from shared.postgres.persons import Move, moves_of, persons_of, reached, set_persons

CHUNK: Final = 2000  # pseudonyms a step

_COUNT: Final = "select count(*) from {schema}.client where county = $1"
_CLIENTS: Final = """
select client from {schema}.client where county = $1 and client > $2 order by client limit $3
"""
# Pseudonyms that facts and merges name and that have no number.
_UNKNOWN: Final = """
select distinct named.client
from ({named}) named(client)
where named.client is not null
  and not exists (select from {schema}.client known where known.county = $1 and known.client = named.client)
"""
_ASTRAY: Final = """
select fact.id from {table} fact join {schema}.client known on known.county = $1 and known.client = fact.own_client
where fact.county = $1 and fact.person is distinct from known.person
"""
_CLIENT = fenced("select person from {schema}.client where county = $1 and client = fact.own_client")
_WRONG = fenced(
    f"select fact.id, known.person as right_person {{probes}} cross join lateral {_CLIENT} known "
    "where fact.person is distinct from known.person"
)
_RETURN: Final = f"""
update {{table}} fact set person = found.right_person
from {_WRONG} found
where fact.county = $1 and fact.id = found.id
"""


@dataclass(frozen=True)
class Clients:
    """The pseudonyms of a service. `tables` are those whose facts have `own_client` and `person`."""

    schema: str
    tables: Sequence[FactTable[Any]]

    async def look(self, connection: Connection, county: str) -> tuple[int, int]:
        """How many pseudonyms there are, and how many of them and of their facts are of no person or another."""
        known = await connection.fetchval(_COUNT.format(schema=self.schema), county, timeout=LONGEST_S)
        unknown = await self._count(connection, county, self._unknown())
        wrong, after = unknown, ""
        while True:
            moves, after = await self._moves(connection, county, after)
            wrong += len(moves)
            if not after:
                break
        for table in self.tables:
            wrong += await self._count(connection, county, self._astray(table))
        return known + unknown, wrong

    async def repair(self, pool: Pool, county: str) -> None:
        """Put all of that right. What follows from persons has to follow."""
        await write_in_chunks(pool, self.schema, county, self._unknown(), self._number)
        after = ""
        while True:
            async with locked(pool, self.schema, county) as connection:
                moves, after = await self._moves(connection, county, after)
                await set_persons(connection, self.schema, county, {client: move.new for client, move in moves.items()})
            if not after:
                break
        for table in self.tables:
            await write_in_chunks(pool, self.schema, county, self._astray(table), self._returning(table))

    async def _count(self, connection: Connection, county: str, query: str) -> int:
        found: int = await connection.fetchval(f"select count(*) from ({query}) found", county, timeout=LONGEST_S)
        return found

    async def _moves(self, connection: Connection, county: str, after: str) -> tuple[dict[str, Move], str]:
        """Of a chunk of pseudonyms, those that are of another person than they should be, and the place it came to,
        `''` at the end.
        """
        rows = await connection.fetch(_CLIENTS.format(schema=self.schema), county, after, CHUNK)
        clients = [row["client"] for row in rows]
        together = await reached(connection, self.schema, county, clients)
        moves = await moves_of(connection, self.schema, county, together)
        found = {client: moves[client] for client in clients if client in moves}
        return found, clients[-1] if len(clients) == CHUNK else ""

    async def _number(self, connection: Connection, county: str, clients: list[str]) -> None:
        await persons_of(connection, self.schema, county, clients)

    def _returning(self, table: FactTable[Any]) -> Any:
        query = _RETURN.format(table=table.name, schema=self.schema, probes=probes(table.name, "id"))

        async def write(connection: Connection, county: str, ids: list[str]) -> None:
            await connection.execute(query, county, ids)

        return write

    def _unknown(self) -> str:
        named = [f"select own_client from {table.name} where county = $1" for table in self.tables]
        named += [f"select {end} from {self.schema}.merge where county = $1" for end in ("one", "other")]
        return _UNKNOWN.format(schema=self.schema, named=" union all ".join(named))

    def _astray(self, table: FactTable[Any]) -> str:
        return _ASTRAY.format(table=table.name, schema=self.schema)
