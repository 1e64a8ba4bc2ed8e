"""A service's connections to PostgreSQL, with settings that keep plans and lock times bounded.

Every read of a writer is an index probe by the keys of its batch. But a plan cached while a table was small, or
statistics that are missing or taken at a bad moment, can replace the probe by a scan of the whole history. So writers
never use sequential or bitmap scans, hash or merge joins, and always plan with the actual parameters. Their statements
leave no other plan than the probe (`shared.postgres.facts.probe_each`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final, Literal

import asyncpg

from shared.postgres.arrays import use_fast_arrays
from shared.postgres.connection import SERVER_TIMEOUTS, BoundedConnection
from shared.postgres.lock import Connection
from shared.postgres.writable import refuse_read_only

_WRITER: Final = {
    **SERVER_TIMEOUTS,
    "timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": "10s",  # releases the county lock of a frozen owner
    "transaction_timeout": "60s",
    "lock_timeout": "60s",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_custom_plan",
}
_ALL_PLANS: Final = (
    "set local enable_seqscan = on; set local enable_bitmapscan = on; "
    "set local enable_hashjoin = on; set local enable_mergejoin = on"
)
CONNECT_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 90.0  # above transaction_timeout: the server stops first and reports why
_CLOSE_S: Final = 5.0


class _PooledConnection(BoundedConnection):
    """A connection of a pool. Nothing that uses the pool leaves a setting or a lock of the session behind, so that its
    release needs no round trip; an open transaction is rolled back."""

    def get_reset_query(self) -> str:
        """Reset nothing."""
        return ""


async def make_pool(dsn: str, application: str, size: int = 4) -> "asyncpg.Pool[asyncpg.Record]":
    """Make a pool of writer connections. pg_stat_activity shows `application`."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        connection_class=_PooledConnection,
        init=use_fast_arrays,
        setup=refuse_read_only,
        server_settings={"application_name": application, **_WRITER},
    )


async def close_pool(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Close a pool. Connections on which the server does not answer are dropped."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await pool.close()


def drop_connections(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Drop every connection of a pool. A current user gets a transient error, and then a new connection."""
    for holder in pool._holders:  # type: ignore[attr-defined]  # pool.terminate() would close the pool, too
        holder.terminate()


@contextlib.asynccontextmanager
async def read_transaction(connection: Connection) -> AsyncIterator[None]:
    """A read-only transaction that allows all plans: figures are sums over many rows, not probes."""
    async with connection.transaction(readonly=True):
        await connection.execute(_ALL_PLANS)
        yield


@contextlib.asynccontextmanager
async def bulk_transaction(
    connection: Connection, seconds: int, isolation: Literal["read_committed", "repeatable_read"] = "read_committed"
) -> AsyncIterator[None]:
    """A transaction that reads many rows and may write the results, with a timeout of `seconds`."""
    async with connection.transaction(isolation=isolation):
        await connection.execute(f"{_ALL_PLANS}; set local work_mem = '64MB'")
        await extend_transaction_timeout(connection, seconds)
        yield


async def extend_transaction_timeout(connection: Connection, seconds: int) -> None:
    """Set the timeout of the current transaction to `seconds` from now."""
    # PostgreSQL restarts a running timeout only after it was set to 0.
    await connection.execute(f"set local transaction_timeout = 0; set local transaction_timeout = '{seconds}s'")
