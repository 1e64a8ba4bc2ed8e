"""What the families store about pseudonyms: facts, persons, erasures. Needs a connection as hva_steward."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from deploy.embedded.services import SERVICES

if TYPE_CHECKING:
    import asyncpg

FAMILIES: Final = SERVICES[1:]

# Every table of facts has the pseudonym in the column own_client.
_TABLES: Final = """
select nspname as family, format('%I.%I', nspname, relname) as "table"
from pg_attribute join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace
where attname = 'own_client' and not attisdropped and relkind in ('r', 'p') and nspname = any($1)
order by 1, 2
"""
_ALIASES: Final = """
select client from segments.client where county = $1 and person in (
  select person from segments.client where county = $1 and client = any($2::text[]))
"""
_JOINED: Final = """
select old.client from segments.client old join segments.client new using (county, person)
where starts_with(old.client, $1) and starts_with(new.client, $2)
"""


async def aliases(
    database: "asyncpg.Connection[asyncpg.Record]", county: str, pseudonyms: Collection[str]
) -> list[str]:
    """The pseudonyms, with all others that known merges join to the same persons."""
    rows = await database.fetch(_ALIASES, county, sorted(pseudonyms))
    return sorted({*pseudonyms, *(row["client"] for row in rows)})


async def count(
    database: "asyncpg.Connection[asyncpg.Record]", county: str, clients: Collection[str]
) -> dict[str, int]:
    """The number of facts of these pseudonyms, by family."""
    found = dict.fromkeys(FAMILIES, 0)
    for family, table in await _tables(database):
        query = f"select count(*) from {table} where county = $1 and own_client = any($2::text[])"
        found[family] += await database.fetchval(query, county, sorted(clients))
    return found


async def not_erased(
    database: "asyncpg.Connection[asyncpg.Record]", county: str, clients: Collection[str]
) -> list[str]:
    """The families that have not recorded all of these pseudonyms as erased."""
    query = "select count(*) from {}.erased where county = $1 and client = any($2::text[])"
    return [
        family
        for family in FAMILIES
        if await database.fetchval(query.format(family), county, sorted(clients)) < len(clients)
    ]


async def count_known_only_by_key(database: "asyncpg.Connection[asyncpg.Record]", key_id: str, first: str) -> int:
    """The number of pseudonyms of a key that have facts and are not merged with a pseudonym of the first key."""
    queries = [
        f"select own_client from {table} where starts_with(own_client, $1)" for _, table in await _tables(database)
    ]
    query = f"select count(*) from ({' union '.join(queries)} except {_JOINED}) not_joined"
    return int(await database.fetchval(query, f"{key_id}.", f"{first}."))


async def _tables(database: "asyncpg.Connection[asyncpg.Record]") -> list[tuple[str, str]]:
    return [(row["family"], row["table"]) for row in await database.fetch(_TABLES, list(FAMILIES))]
