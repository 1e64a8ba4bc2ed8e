"""Fixtures of the product on the run's servers: every test has a database and a topic prefix of its own."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg
import pytest

from shared.postgres.bootstrap import ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate

SERVICES = ("ingest", "nps")
_PASSWORD = "test-only"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated, empty database."""

    name: str
    admin: str

    def dsn(self, role: str) -> str:
        """As one of the product's roles."""
        return dsn_for(self.admin, self.name, role, _PASSWORD)


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def _template_made() -> list[str]:
    return []


@pytest.fixture
async def database(postgres: str, _template_made: list[str]) -> AsyncIterator[Database]:
    """A database cloned from one that was migrated once in this run."""
    template = f"template_{os.getpid()}"
    if not _template_made:
        await bootstrap(postgres, dict.fromkeys(ROLES, _PASSWORD), template)
        await migrate(dsn_for(postgres, template, "hva_migrate", _PASSWORD), SERVICES)
        _template_made.append(template)
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _execute(
        postgres,
        f"create database {name} owner hva_migrate template {template}",
        *(f"grant connect on database {name} to {role}" for role in ROLES),
    )
    yield Database(name, postgres)
    await _execute(postgres, f"drop database {name} with (force)")


@pytest.fixture
def topic_prefix() -> Iterator[str]:
    """Topics and groups of this test begin with it."""
    yield f"t{os.getpid()}-{next(_numbers)}."
