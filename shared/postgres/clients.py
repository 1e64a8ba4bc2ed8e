"""Whether all pseudonyms of a county and their facts are of the persons that the stored merges make of them.

Live, a merge moves only those whom it reaches (`shared.postgres.persons`); here everything is derived anew, as a replay
does with what follows from facts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.postgres.facts import FactTable
from shared.postgres.lock import Connection
from shared.postgres.persons import components, persons_of, set_persons

_PAIRS: Final = "select one, other from {schema}.merge where county = $1 and one is not null"
_CLIENTS: Final = "select client, number, person from {schema}.client where county = $1"
_OF_FACTS: Final = "select distinct own_client from {table} where county = $1 and own_client is not null"
_ASTRAY: Final = """
select count(*) from {table} fact join {schema}.client known on known.county = $1 and known.client = fact.own_client
where fact.county = $1 and fact.person is distinct from known.person
"""
_RETURN: Final = """
update {table} fact set person = known.person from {schema}.client known
where fact.county = $1 and known.county = $1 and known.client = fact.own_client
  and fact.person is distinct from known.person
"""


@dataclass(frozen=True)
class Clients:
    """The pseudonyms of a service. `tables` are those whose facts have `own_client` and `person`."""

    schema: str
    tables: Sequence[FactTable[Any]]

    async def look(self, connection: Connection, county: str) -> tuple[int, int]:
        """How many pseudonyms there are, and how many of them and of their facts are of no person or another."""
        known, pairs = await self._known(connection, county), await self._pairs(connection, county)
        named = await self._named(connection, county, pairs)
        wrong = len(named - known.keys()) + len(_moved(known, pairs))
        for table in self.tables:
            wrong += await connection.fetchval(_ASTRAY.format(table=table.name, schema=self.schema), county)
        return len(known.keys() | named), wrong

    async def mend(self, connection: Connection, county: str) -> None:
        """Put all of that right; the county's lock must be held. What follows from persons has to follow."""
        pairs = await self._pairs(connection, county)
        await persons_of(connection, self.schema, county, sorted(await self._named(connection, county, pairs)))
        await set_persons(connection, self.schema, county, _moved(await self._known(connection, county), pairs))
        for table in self.tables:
            await connection.execute(_RETURN.format(table=table.name, schema=self.schema), county)

    async def _known(self, connection: Connection, county: str) -> dict[str, tuple[int, int]]:
        """Number and person of every pseudonym."""
        rows = await connection.fetch(_CLIENTS.format(schema=self.schema), county)
        return {row["client"]: (row["number"], row["person"]) for row in rows}

    async def _pairs(self, connection: Connection, county: str) -> list[tuple[str, str]]:
        rows = await connection.fetch(_PAIRS.format(schema=self.schema), county)
        return [(row["one"], row["other"]) for row in rows]

    async def _named(self, connection: Connection, county: str, pairs: Iterable[tuple[str, str]]) -> set[str]:
        """Whom facts and merges name."""
        found = {end for pair in pairs for end in pair}
        for table in self.tables:
            rows = await connection.fetch(_OF_FACTS.format(table=table.name), county)
            found.update(row["own_client"] for row in rows)
        return found


def _moved(known: dict[str, tuple[int, int]], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """By pseudonym the right person, where it has another. Pairs of whom is not known are left out."""
    numbers = {client: number for client, (number, _) in known.items()}
    right = components(numbers, (pair for pair in pairs if pair[0] in numbers and pair[1] in numbers))
    return {client: person for client, person in right.items() if known[client][1] != person}
