"""A service beside a database of another version: it waits and says so on /readyz, and goes on once it is migrated."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from shared.postgres.migrate import migration_names
from tests.product import Product
from tests.replica import Replica, until

_TAKE: str = "delete from migration.applied where part = 'nps' and name = $1 returning sha256"
_PUT: str = "insert into migration.applied (part, name, sha256) values ('nps', $1, $2)"


@pytest.fixture
async def migrating(product: Product) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(product.database.dsn("hva_migrate"))
    yield connection
    await connection.close()


async def _shows(replica: Replica, page: str, part: str) -> str:
    """What /readyz shows of a part among its troubles or warnings; waits until it shows something."""

    async def shown() -> Any:
        body = (await replica.probe())[1]
        return body[page].get(part) if isinstance(body, dict) else None

    return str(await until(shown, f"{replica.service} shows {part} among its {page}", 60))


async def test_a_database_of_another_version(product: Product, migrating: "asyncpg.Connection[asyncpg.Record]") -> None:
    *_, last = migration_names("nps")
    digest = await migrating.fetchval(_TAKE, last)
    nps = await product.start("nps", ready=False)
    waits = await _shows(nps, "troubles", "schema")
    assert "the database is at version" in waits and "this service needs" in waits and f"nps/{last}" in waits
    assert waits in nps.log.read_text()

    await migrating.execute(_PUT, last, digest)
    await product.ready(nps)
    await migrating.execute(_PUT, "9999_newer.sql", "")
    assert "nps/9999_newer.sql" in await _shows(nps, "warnings", "schema")
    assert (await nps.probe())[0] == 200, "the replicas of the version before go on during an upgrade"

    await migrating.fetchval(_TAKE, last)
    assert f"nps/{last}" in await _shows(nps, "troubles", "schema"), "an older dump was restored under it"
