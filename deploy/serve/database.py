"""Read-only transactions as a reader of published figures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from shared.postgres.connection import SERVER_TIMEOUTS, BoundedConnection
from shared.postgres.pool import close_pool

if TYPE_CHECKING:
    from shared.postgres.lock import Connection

CONNECTIONS: Final = 4
WAIT_S: Final = 4.0
"""A connection that takes longer counts as a database that does not answer."""
STATEMENT_S: Final = 15
_SETTINGS: Final = {
    **SERVER_TIMEOUTS,
    "application_name": "hva-serve",
    "timezone": "UTC",
    "jit": "off",
    "default_transaction_read_only": "on",
    "statement_timeout": f"{STATEMENT_S}s",
    "idle_in_transaction_session_timeout": "30s",
}
_SEES_EXACT: Final = "select has_schema_privilege(to_regnamespace('figures')::oid, 'usage')"


class WrongRoleError(Exception):
    """The role of HVA_POSTGRES_URL may read more than published figures."""

    def __str__(self) -> str:
        return (
            "HVA_POSTGRES_URL must be that of hva_reader or of the reader of one county: this role reads exact figures"
        )


class Database:
    """A small pool of connections. Nothing connects before the first transaction, so the database may be away."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        """Make the pool. Raises ValueError where the DSN is not one."""
        self._pool = await asyncpg.create_pool(
            self._dsn,
            min_size=0,
            max_size=CONNECTIONS,
            timeout=WAIT_S,
            command_timeout=STATEMENT_S + 1,
            max_inactive_connection_lifetime=60,
            connection_class=BoundedConnection,
            init=_refuse_exact,
            reset=_keep_session,
            server_settings=_SETTINGS,
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            await close_pool(self._pool)

    @asynccontextmanager
    async def transaction(self) -> "AsyncIterator[Connection]":
        """One snapshot. Raises WrongRoleError and what `classify` calls transient when the database is away."""
        assert self._pool is not None
        async with (
            self._pool.acquire(timeout=WAIT_S) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    async def ping(self) -> None:
        """Return when the database answers, within WAIT_S; raises as `transaction`."""
        async with asyncio.timeout(WAIT_S), self.transaction() as connection:
            await connection.fetchval("select 1")


async def _keep_session(connection: Any) -> None:
    """Nothing to reset after a read-only transaction. The usual way frees advisory locks, which a reader may not."""


async def _refuse_exact(connection: Any) -> None:
    if await connection.fetchval(_SEES_EXACT):
        raise WrongRoleError
