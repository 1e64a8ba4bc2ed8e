"""Creates the roles and the database, as an administrator.

Calling it again changes only passwords and the session settings of readers.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.postgres.catalog_rights import close_other_databases, restrict_catalog

SERVICE_ROLES: Final = ("hva_ingest", "hva_nps", "hva_fcr", "hva_segments")
ROLES: Final = ("hva_migrate", *SERVICE_ROLES, "hva_steward", "hva_reader", "hva_monitor")
_MONITOR: Final = "hva_monitor"  # sees the state of the server, but no figures
_READER: Final = "hva_reader"
_KEEP_CATALOG: Final = (*(role for role in ROLES if role != _READER), "pg_monitor")
# Defaults of a reader's session, so that a forgotten query or transaction ends.
_READER_SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "transaction_timeout": "5min",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "10s",
}
_READER_TEMP_FILES: Final = "1GB"  # of a session; a reader cannot change it
_READER_CONNECTIONS: Final = 20
_READERS: Final = r"""
select rolname, rolconnlimit from pg_roles where rolname = $1 or rolname like $1 || '\_%' order by rolname
"""
_LOCALE: Final = "C.UTF-8"  # strings sort by code point, as in ranks


class DatabaseMismatchError(Exception):
    """The database exists with a locale that does not order by code point; the message names it."""


async def bootstrap(
    admin_dsn: str, passwords: Mapping[str, str], database: str = "hva", reader: str | None = None
) -> None:
    """Create the roles (login where a password is given) and the database owned by hva_migrate.

    `reader`: an additional role, which reads one county.

    An administrator without superuser rights cannot restrict what PostgreSQL itself shows to readers; `hva doctor`
    reports it.

    Raises DatabaseMismatchError if the database exists with another locale.
    """
    admin = await asyncpg.connect(admin_dsn)
    try:
        roles = (*ROLES, reader) if reader else ROLES
        for role in roles:
            await _ensure_role(admin, role, passwords.get(role))
        if not await admin.fetchval("select pg_has_role($1::name, 'pg_monitor', 'member')", _MONITOR):
            await admin.execute(f"grant pg_monitor to {_identifier(_MONITOR)}")
        await _ensure_database(admin, database, roles)
        superuser = bool(await admin.fetchval("select rolsuper from pg_roles where rolname = current_user"))
        await _limit_readers(admin, database, superuser)
        if superuser:
            await close_other_databases(admin)
    finally:
        await admin.close()
    if superuser:
        await _restrict(dsn_for(admin_dsn, database))


async def _restrict(dsn: str) -> None:
    admin = await asyncpg.connect(dsn)
    try:
        await restrict_catalog(admin, _KEEP_CATALOG)
    finally:
        await admin.close()


async def _limit_readers(admin: "asyncpg.Connection[asyncpg.Record]", database: str, superuser: bool) -> None:
    """A reader may change its own session settings, for later sessions too: they are set again each time."""
    settings = _READER_SETTINGS | ({"temp_file_limit": _READER_TEMP_FILES} if superuser else {})
    for row in await admin.fetch(_READERS, _READER):
        name = _identifier(row["rolname"])
        await admin.execute(f"alter role {name} reset all")
        await admin.execute(f"alter role {name} in database {_identifier(database)} reset all")
        for setting, value in settings.items():
            await admin.execute(f"alter role {name} set {setting} = '{value}'")
        if row["rolconnlimit"] == -1:
            await admin.execute(f"alter role {name} connection limit {_READER_CONNECTIONS}")


async def _ensure_role(admin: "asyncpg.Connection[asyncpg.Record]", role: str, password: str | None) -> None:
    name = _identifier(role)
    if not await admin.fetchval("select 1 from pg_roles where rolname = $1", role):
        with contextlib.suppress(asyncpg.DuplicateObjectError):  # a concurrent bootstrap has created it
            await admin.execute(f"create role {name}")
    if password is not None:
        literal = await admin.fetchval("select quote_literal($1::text)", password)
        await admin.execute(f"alter role {name} login password {literal}")


async def _ensure_database(admin: "asyncpg.Connection[asyncpg.Record]", database: str, roles: Iterable[str]) -> None:
    name = _identifier(database)
    found = await admin.fetchrow(
        "select datlocprovider::text as provider, datlocale as locale from pg_database where datname = $1",
        database,
    )
    if found is None:
        await admin.execute(
            f"create database {name} owner hva_migrate template template0 encoding 'UTF8' "
            f"locale_provider builtin builtin_locale '{_LOCALE}' locale 'C'"
        )
        await admin.execute(f"revoke all on database {name} from public")
    elif (found["provider"], found["locale"]) != ("b", _LOCALE):
        raise DatabaseMismatchError(
            f"database {database} has locale {found['locale']}, not builtin {_LOCALE}: "
            "dump it, drop it and run this again"
        )
    for role in roles:  # also for a database that an older version created
        if not await admin.fetchval("select has_database_privilege($1::name, $2, 'connect')", role, database):
            await admin.execute(f"grant connect on database {name} to {_identifier(role)}")
    for role in SERVICE_ROLES:  # a replay sums contributions in temporary tables
        if not await admin.fetchval("select has_database_privilege($1::name, $2, 'temporary')", role, database):
            await admin.execute(f"grant temporary on database {name} to {_identifier(role)}")


def _identifier(name: str) -> str:
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ValueError(f"not a plain name: {name!r}")
    return f'"{name}"'


def dsn_for(dsn: str, database: str, role: str | None = None, password: str | None = None) -> str:
    """The DSN of another database on the same server, with another role if one is given."""
    parts = urlsplit(dsn)
    place = parts.netloc.rsplit("@", 1)[-1]
    netloc = f"{role}:{password}@{place}" if role else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))
