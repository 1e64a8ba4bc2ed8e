"""Checks and repairs the assignment of all pseudonyms of a county, and of their facts, to persons.

A live merge moves only the pseudonyms that it connects (`shared.postgres.persons`). A replay recomputes the persons of
the whole county from the stored merges, chunk by chunk, so that neither memory nor lock time grows with the county.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.postgres.chunks import TIMEOUT_S, Pool, locked, write_in_chunks
from shared.postgres.facts import FactTable, fenced, probes
from shared.postgres.lock import Connection
from shared.postgres.persons import Move, connected_clients, moves_of, persons_of, set_persons

CHUNK: Final = 2000  # pseudonyms per step

_COUNT: Final = "select count(*) from {schema}.client where county = $1"
_CLIENTS: Final = """
select client from {schema}.client where county = $1 and client > $2 order by client limit $3
"""
# Pseudonyms of facts and merges that have no number.
_UNNUMBERED: Final = """
select distinct named.client
from ({named}) named(client)
where named.client is not null
  and not exists (select from {schema}.client known where known.county = $1 and known.client = named.client)
"""
_MISASSIGNED: Final = """
select fact.id from {table} fact join {schema}.client known on known.county = $1 and known.client = fact.own_client
where fact.county = $1 and fact.person is distinct from known.person
"""
_CLIENT = fenced("select person from {schema}.client where county = $1 and client = fact.own_client")
_CORRECTED = fenced(
    f"select fact.id, known.person as correct_person {{probes}} cross join lateral {_CLIENT} known "
    "where fact.person is distinct from known.person"
)
_REASSIGN: Final = f"""
update {{table}} fact set person = corrected.correct_person
from {_CORRECTED} corrected
where fact.county = $1 and fact.id = corrected.id
"""


@dataclass(frozen=True)
class Clients:
    """The pseudonyms of a service. `tables` are those whose facts have `own_client` and `person`."""

    schema: str
    tables: Sequence[FactTable[Any]]

    async def inspect(self, connection: Connection, county: str) -> tuple[int, int]:
        """Count the pseudonyms, and those of them and of their facts that have no person or a wrong one."""
        known = await connection.fetchval(_COUNT.format(schema=self.schema), county, timeout=TIMEOUT_S)
        unnumbered = await self._count(connection, county, self._unnumbered())
        wrong, after = unnumbered, ""
        while True:
            moves, after = await self._moves(connection, county, after)
            wrong += len(moves)
            if not after:
                break
        for table in self.tables:
            wrong += await self._count(connection, county, self._misassigned(table))
        return known + unnumbered, wrong

    async def repair(self, pool: Pool, county: str) -> None:
        """Correct all persons. The caller then recomputes what depends on persons."""
        await write_in_chunks(pool, self.schema, county, self._unnumbered(), self._assign_numbers)
        after = ""
        while True:
            async with locked(pool, self.schema, county) as connection:
                moves, after = await self._moves(connection, county, after)
                await set_persons(connection, self.schema, county, {client: move.new for client, move in moves.items()})
            if not after:
                break
        for table in self.tables:
            await write_in_chunks(pool, self.schema, county, self._misassigned(table), self._reassign(table))

    async def _count(self, connection: Connection, county: str, query: str) -> int:
        found: int = await connection.fetchval(f"select count(*) from ({query}) found", county, timeout=TIMEOUT_S)
        return found

    async def _moves(self, connection: Connection, county: str, after: str) -> tuple[dict[str, Move], str]:
        """Return the pseudonyms of a chunk that have a wrong person, and the last pseudonym of the chunk, `''` at the
        end.
        """
        rows = await connection.fetch(_CLIENTS.format(schema=self.schema), county, after, CHUNK)
        clients = [row["client"] for row in rows]
        connected = await connected_clients(connection, self.schema, county, clients)
        moves = await moves_of(connection, self.schema, county, connected)
        found = {client: moves[client] for client in clients if client in moves}
        return found, clients[-1] if len(clients) == CHUNK else ""

    async def _assign_numbers(self, connection: Connection, county: str, clients: list[str]) -> None:
        await persons_of(connection, self.schema, county, clients)

    def _reassign(self, table: FactTable[Any]) -> Any:
        query = _REASSIGN.format(table=table.name, schema=self.schema, probes=probes(table.name, "id"))

        async def write(connection: Connection, county: str, ids: list[str]) -> None:
            await connection.execute(query, county, ids)

        return write

    def _unnumbered(self) -> str:
        named = [f"select own_client from {table.name} where county = $1" for table in self.tables]
        named += [f"select {end} from {self.schema}.merge where county = $1" for end in ("one", "other")]
        return _UNNUMBERED.format(schema=self.schema, named=" union all ".join(named))

    def _misassigned(self, table: FactTable[Any]) -> str:
        return _MISASSIGNED.format(table=table.name, schema=self.schema)
