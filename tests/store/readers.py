"""The roles that an attacker holds: the reader of all counties and the reader of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.postgres.bootstrap import ROLES, bootstrap
from shared.postgres.migrate import migrate
from shared.postgres.readers import reader_role
from tests.product import SERVICES, Database

MINE, OTHER = "oma-hame", "toinen-alue"
READERS = ("hva_reader", reader_role(MINE))


async def make_reader(database: Database, county: str) -> str:
    """Make the reader of a county as `hva migrate --reader-county` does. Returns its role."""
    role = reader_role(county)
    await bootstrap(database.admin, dict.fromkeys((*ROLES, role), "test-only"), database.name, role)
    await migrate(database.dsn("hva_migrate"), SERVICES, county)
    return role


@asynccontextmanager
async def session(database: Database, role: str) -> AsyncIterator[Any]:
    """A session of a role."""
    connection = await asyncpg.connect(database.dsn(role))
    try:
        yield connection
    finally:
        await connection.close()


async def as_owner(database: Database, *statements: str) -> None:
    """What the owner of all tables does."""
    async with session(database, "hva_migrate") as owner:
        for statement in statements:
            await owner.execute(statement)


async def copy_to_other_county(database: Database, n: int, times: int = 1) -> None:
    """Give the other county a publication: the rows of `report.nps` in so many periods more, each with `n` answers."""
    names = "county, period_kind, period, scope_level, scope, channel, segment, state, low_n, published_at"
    await as_owner(
        database,
        f"insert into report.nps ({names}, suppressed, n) select '{OTHER}', period_kind, period || '/' || i, "
        f"{names.split(', ', 3)[3]}, false, {n} from report.nps, generate_series(1, {times}) i where county = '{MINE}'",
    )
