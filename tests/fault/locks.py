"""Which sessions wait for locks in PostgreSQL."""

from shared.postgres.lock import SERVICE_NUMBERS
from tests.fault.harness import FAMILIES, Harness


async def families_waiting_for_county(harness: Harness) -> set[str]:
    """The families that have a writer waiting for a county lock."""
    query = "select classid from pg_locks l join pg_database d on d.oid = l.database "
    query += "where d.datname = current_database() and l.locktype = 'advisory' and not l.granted"
    numbers = {row["classid"] for row in await harness.product.fetch(query)}
    return {family for family in FAMILIES if SERVICE_NUMBERS[family] in numbers}


async def is_any_lock_awaited(harness: Harness) -> bool:
    """Whether any session waits for any lock, of a county or of a row."""
    return bool(await harness.product.fetch("select 1 from pg_locks where not granted"))
