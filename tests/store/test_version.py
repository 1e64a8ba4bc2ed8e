"""The schema version of the database compared with the version that a service needs."""

import asyncpg
import pytest

from shared.postgres.migrate import migration_names
from shared.postgres.version import SchemaVersionError, check_version
from tests.product import SERVICES, Database


async def _check(database: Database, service: str) -> str | None:
    connection = await asyncpg.connect(database.dsn(f"hva_{service}"))
    try:
        return await check_version(connection, service)
    finally:
        await connection.close()


async def _execute(database: Database, statement: str) -> None:
    connection = await asyncpg.connect(database.dsn("hva_migrate"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _version(service: str, offset: int = 0) -> str:
    return ", ".join(f"{part} {len(migration_names(part)) + offset}" for part in ("reference", service))


@pytest.mark.parametrize("service", SERVICES)
async def test_current_version_is_accepted(database: Database, service: str) -> None:
    assert await _check(database, service) is None


async def test_older_database_is_an_error_with_both_versions(database: Database) -> None:
    *_, reference = migration_names("reference")
    *_, own = migration_names("segments")
    await _execute(
        database,
        f"delete from migration.applied where part = 'segments' and name = '{own}' "
        f"or part = 'reference' and name = '{reference}'",
    )
    with pytest.raises(SchemaVersionError) as older:
        await _check(database, "segments")
    assert str(older.value) == (
        f"the database is at version {_version('segments', -1)}, this service needs {_version('segments')}: "
        f"run `hva migrate` (missing: reference/{reference}, segments/{own})"
    )


async def test_newer_database_is_a_warning(database: Database) -> None:
    newer = "insert into migration.applied (part, name, sha256) values ('nps', '9999_more.sql', ''), ('fcr', 'x', '')"
    await _execute(database, newer)
    assert await _check(database, "nps") == (
        f"the database is at version reference {len(migration_names('reference'))}, "
        f"nps {len(migration_names('nps')) + 1}, this service is of {_version('nps')}: "
        "upgrade the service (unknown to it: nps/9999_more.sql)"
    )
    assert await _check(database, "segments") is None, "newer schemas of other services do not matter"


async def test_database_with_missing_and_unknown_migrations_is_older(database: Database) -> None:
    renamed = "update migration.applied set name = '0001_other.sql' where name = '0001_facts.sql'"
    await _execute(database, renamed)
    with pytest.raises(SchemaVersionError, match=r"missing: nps/0001_facts\.sql\)"):
        await _check(database, "nps")


@pytest.mark.parametrize(
    "statement",
    ["revoke usage on schema migration from hva_nps", "drop schema migration cascade"],
    ids=["no access", "no schema"],
)
async def test_database_with_unreadable_version_is_older(database: Database, statement: str) -> None:
    await _execute(database, statement)
    with pytest.raises(SchemaVersionError, match="at version reference 0, nps 0, this service needs"):
        await _check(database, "nps")
