"""Stores of the families on a real PostgreSQL server."""

import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from shared.postgres.bootstrap import ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate
from shared.postgres.registers import load
from shared.registers import load_folder
from tests.conftest import ServerUnderTest
from tests.product import ROOT, SERVICES, Database
from tests.store import fcr_harness, segments_harness
from tests.store.fcr_explain import Explain


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _family_database(postgres_server: ServerUnderTest) -> Database:
    """One database for all tests: emptying its tables is a hundred times faster than creating a database."""
    database = Database(f"families_{os.getpid()}", postgres_server.address)
    await bootstrap(database.admin, dict.fromkeys(ROLES, "test-only"), database.name)
    await migrate(dsn_for(database.admin, database.name, "hva_migrate", "test-only"), SERVICES)
    return database


@pytest.fixture
async def fcr(_family_database: Database) -> AsyncIterator[fcr_harness.Store]:
    """An empty store of the first-contact family with the registers of the sample."""
    async with fcr_harness.open_store(_family_database) as store:
        await store.clear()
        yield store


@pytest.fixture
def explain(fcr: fcr_harness.Store, _family_database: Database) -> Explain:
    """What `hva explain` shows of the store `fcr`."""
    return Explain(_family_database)


@pytest.fixture
async def segments(_family_database: Database) -> AsyncIterator[segments_harness.Store]:
    """An empty store of the segments family with the registers of the sample."""
    async with segments_harness.open_store(_family_database) as store:
        await store.clear()
        yield store


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Any]:
    """The owner of all tables, with the default registers loaded."""
    connection = await asyncpg.connect(database.dsn("hva_migrate"))
    steward = await asyncpg.connect(database.dsn("hva_steward"))
    await load(steward, load_folder(ROOT / "deploy" / "config"))
    await steward.close()
    yield connection
    await connection.close()
