"""Compares the migrations of the database with those that a service was written for.

A service waits for a database that lacks migrations. It uses a database with migrations that it does not know: during a
rolling upgrade the old replicas continue, and their image can be started again. Migrations are written for that
(`CONTRIBUTING.md`). What is still incompatible fails with SQLSTATE class 42, which is transient.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from shared.postgres.lock import Connection
from shared.postgres.migrate import migration_names

_APPLIED: Final = "select part, name from migration.applied where part = any($1) and name <> 'views'"
_NEVER_MIGRATED: Final = (  # or migrated by a version whose services did not read the table
    asyncpg.UndefinedTableError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InsufficientPrivilegeError,
)

Version = Mapping[str, Sequence[str]]
"""Names of migrations by part. A part is a schema that migrations create."""


class SchemaVersionError(Exception):
    """The database lacks migrations that the service needs. The message names both versions."""


async def check_version(connection: Connection, service: str) -> str | None:
    """Return None if the database has exactly the migrations that the service knows, a warning if it is newer.

    Raises SchemaVersionError if it is older.
    """
    needed = {part: migration_names(part) for part in ("reference", service)}
    found = await _applied(connection, list(needed))
    if missing := _difference(needed, found):
        raise SchemaVersionError(
            f"the database is at version {_text(found)}, this service needs {_text(needed)}: "
            f"run `hva migrate` (missing: {missing})"
        )
    if unknown := _difference(found, needed):
        return (
            f"the database is at version {_text(found)}, this service is of {_text(needed)}: "
            f"upgrade the service (unknown to it: {unknown})"
        )
    return None


async def _applied(connection: Connection, parts: Sequence[str]) -> Version:
    found: dict[str, list[str]] = {part: [] for part in parts}
    try:
        rows = await connection.fetch(_APPLIED, parts)
    except _NEVER_MIGRATED:
        return found
    for row in rows:
        found[row["part"]].append(row["name"])
    return found


def _difference(one: Version, other: Version) -> str:
    names = (f"{part}/{name}" for part in one for name in sorted(set(one[part]) - set(other[part])))
    return ", ".join(names)


def _text(version: Version) -> str:
    """`reference 3, nps 4`: how many migrations of each part."""
    return ", ".join(f"{part} {len(names)}" for part, names in version.items())
