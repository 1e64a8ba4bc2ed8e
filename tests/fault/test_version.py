"""A service with a database of another version waits and reports it on /readyz. It continues after the migration."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from shared.postgres.migrate import migration_names
from tests.product import Product
from tests.replica import Replica, wait_until

_DELETE: str = "delete from migration.applied where part = 'nps' and name = $1 returning sha256"
_INSERT: str = "insert into migration.applied (part, name, sha256) values ('nps', $1, $2)"


@pytest.fixture
async def migrator(product: Product) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(product.database.dsn("hva_migrate"))
    yield connection
    await connection.close()


async def _report(replica: Replica, section: str, part: str) -> str:
    """Wait until a section of /readyz (troubles or warnings) has a text about the part. Returns the text."""

    async def reported() -> Any:
        body = (await replica.probe())[1]
        return body[section].get(part) if isinstance(body, dict) else None

    return str(await wait_until(reported, f"{replica.service} reports {part} in its {section}"))


async def test_service_waits_for_its_database_version(
    product: Product, migrator: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    *_, last = migration_names("nps")
    digest = await migrator.fetchval(_DELETE, last)
    nps = await product.start("nps", ready=False)
    text = await _report(nps, "troubles", "schema")
    assert "the database is at version" in text and "this service needs" in text and f"nps/{last}" in text
    assert text in nps.log.read_text()

    await migrator.execute(_INSERT, last, digest)
    await product.ready(nps)
    await migrator.execute(_INSERT, "9999_newer.sql", "")
    assert "nps/9999_newer.sql" in await _report(nps, "warnings", "schema")
    assert (await nps.probe())[0] == 200, "replicas of the previous version must work during an upgrade"

    await migrator.fetchval(_DELETE, last)
    assert f"nps/{last}" in await _report(nps, "troubles", "schema"), "an older schema is not reported"
