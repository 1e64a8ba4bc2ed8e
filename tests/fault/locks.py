"""Who waits for whom in PostgreSQL."""

from shared.postgres.lock import SERVICE_NUMBERS
from tests.fault.stage import FAMILIES, Stage


async def waiting_for_county(stage: Stage) -> set[str]:
    """The families of which some writer waits for the county lock of another."""
    query = "select classid from pg_locks l join pg_database d on d.oid = l.database "
    query += "where d.datname = current_database() and l.locktype = 'advisory' and not l.granted"
    numbers = {row["classid"] for row in await stage.product.fetch(query)}
    return {family for family in FAMILIES if SERVICE_NUMBERS[family] in numbers}


async def anyone_waits(stage: Stage) -> bool:
    """Whether somebody waits for anything: for a county, or only for a row in the way."""
    return bool(await stage.product.fetch("select 1 from pg_locks where not granted"))
