"""Stores of the families on a real PostgreSQL."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.postgres.bootstrap import ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate
from tests.conftest import ServerUnderTest
from tests.product import SERVICES, Database
from tests.store.fcr_stage import Store, opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _fcr_database(postgres_server: ServerUnderTest) -> Database:
    """One for all: emptying its tables takes a hundredth of what another database takes."""
    database = Database(f"fcr_{os.getpid()}", postgres_server.address)
    await bootstrap(database.admin, dict.fromkeys(ROLES, "test-only"), database.name)
    await migrate(dsn_for(database.admin, database.name, "hva_migrate", "test-only"), SERVICES)
    return database


@pytest.fixture
async def fcr(_fcr_database: Database) -> AsyncIterator[Store]:
    """The first-contact family, empty, with the registers of the sample."""
    async with opened(_fcr_database) as store:
        await store.clear()
        yield store
