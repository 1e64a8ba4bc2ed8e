"""`migrate` brings a database to the schema that the code expects. Migrations only go forward.

A migration is a file `NNNN_name.sql` that runs once and may never change; a view is a file that is applied again
whenever any view of its service changed. Both run as hva_migrate, under one advisory lock, one transaction
per service.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import asyncpg

from shared.postgres.bootstrap import SERVICE_ROLES
from shared.postgres.readers import grant_readers, remember

_LOCK: Final = 4_711_000_018
_TABLES: Final = """
create schema if not exists migration;
create table if not exists migration.applied (
  part text not null, name text not null, sha256 text not null,
  applied_at timestamptz not null default clock_timestamp(), primary key (part, name));
create table if not exists migration.reader (role text primary key, county text not null);
"""
_READERS: Final = ", ".join(SERVICE_ROLES)  # services compare it with the migrations that they need
_GRANT_READ: Final = f"grant usage on schema migration to {_READERS}; grant select on migration.applied to {_READERS}"


class MigrationError(Exception):
    """A migration was changed after it was applied."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What belongs to one schema: its migrations, its views, and the role that writes into it."""

    name: str
    folder: Traversable
    writer: str | None


_WITHOUT_SERVICE: Final = ("reference", "report")


def _part(name: str) -> _Part:
    if name in _WITHOUT_SERVICE:
        return _Part(name, files("shared.postgres").joinpath("migrations", name), None)
    return _Part(name, files("services").joinpath(name), f"hva_{name}")


def migration_names(part: str) -> list[str]:
    """The migrations of a part that this version of the code knows, in their order."""
    return [file.name for file in _migrations(_part(part))]


async def migrate(dsn: str, services: Sequence[str], reader_county: str | None = None) -> None:
    """Bring schemas `reference`, `report` and those of the services up to date; calling it again changes nothing.

    `reader_county`: a county whose role (`shared.postgres.readers`) gets its rights.
    """
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "hva-migrate"})
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(f"{_TABLES} {_GRANT_READ}")
        for name in ("reference", *services, "report"):
            async with connection.transaction():
                await _apply(connection, _part(name))
        async with connection.transaction():
            if reader_county is not None:
                await remember(connection, reader_county)
            await grant_readers(connection)
    finally:
        await connection.close()


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", part: _Part) -> None:
    applied = {
        row["name"]: row["sha256"]
        for row in await connection.fetch("select name, sha256 from migration.applied where part = $1", part.name)
    }
    changed = await _apply_migrations(connection, part, applied)
    changed = await _apply_views(connection, part, applied) or changed
    if changed and part.writer:
        await _grant(connection, part.name, part.writer)


async def _apply_migrations(
    connection: "asyncpg.Connection[asyncpg.Record]", part: _Part, applied: dict[str, str]
) -> bool:
    changed = False
    for file in _migrations(part):
        text, digest = _read(file)
        text = text.replace("{schema}", part.name)
        before = applied.get(file.name)
        if before is not None and before != digest:
            raise MigrationError(f"migration {part.name}/{file.name} was changed after it was applied")
        if before is None:
            await connection.execute(text)
            await _remember(connection, part.name, file.name, digest)
            changed = True
    return changed


async def _apply_views(connection: "asyncpg.Connection[asyncpg.Record]", part: _Part, applied: dict[str, str]) -> bool:
    views = part.folder.joinpath("views")
    if not views.is_dir():
        return False
    texts = [_read(file)[0] for file in _sql_files(views)]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    if applied.get("views") == digest:
        return False
    for text in texts:
        await connection.execute(text)
    await _remember(connection, part.name, "views", digest)
    return True


def _migrations(part: _Part) -> list[Traversable]:
    """The files of a part in their order; every service begins with what all services have."""
    if part.writer is None:
        return _sql_files(part.folder)
    common = files("shared.postgres").joinpath("migrations", "service")
    own = part.folder.joinpath("migrations")
    return [*_sql_files(common), *(_sql_files(own) if own.is_dir() else ())]


def _sql_files(folder: Traversable) -> list[Traversable]:
    return sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)


def _read(file: Traversable) -> tuple[str, str]:
    text = file.read_text(encoding="utf-8")
    return text, hashlib.sha256(text.encode()).hexdigest()


async def _remember(connection: "asyncpg.Connection[asyncpg.Record]", part: str, name: str, digest: str) -> None:
    await connection.execute(
        "insert into migration.applied (part, name, sha256) values ($1, $2, $3) "
        "on conflict (part, name) do update set sha256 = excluded.sha256, applied_at = clock_timestamp()",
        part,
        name,
        digest,
    )


async def _grant(connection: "asyncpg.Connection[asyncpg.Record]", schema: str, writer: str) -> None:
    """The service writes its own schema and nothing else; the steward reads everything."""
    for statement in (
        f"grant usage on schema {schema}, reference, figures to {writer}, hva_steward",
        f"grant select, insert, update, delete on all tables in schema {schema} to {writer}",
        f"grant usage on all sequences in schema {schema} to {writer}",
        f"grant select on all tables in schema {schema}, figures to hva_steward",
        f"grant update on {schema}.dead_letter to hva_steward",  # the steward redrives and discards
        f"grant insert on {schema}.replay, {schema}.publication_request to hva_steward",  # the steward requests them
        f"grant insert, delete on {schema}.closed_period to hva_steward",  # the steward closes periods
        f"grant insert on {schema}.closed_edition to hva_steward",
    ):
        await connection.execute(statement)
