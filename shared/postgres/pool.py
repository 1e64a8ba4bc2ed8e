"""Connections of a service to PostgreSQL, with the settings that keep its promises.

Every read of a writer is a probe of an index by the keys of its batch, but a plan cached while a table was small,
or statistics missing or taken at a bad moment, can turn that probe into a reading of the whole history. A writer
therefore never scans or hashes, goes through indexes in their order, and plans with the true sizes; its statements
are written so that nothing but the probe is left (`shared.postgres.facts.probe_each`).
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
    "idle_in_transaction_session_timeout": "10s",  # frees the county lock from an owner that froze
    "transaction_timeout": "60s",
    "lock_timeout": "60s",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_custom_plan",
}
_WHOLE_PLANNER: Final = (
    "set local enable_seqscan = on; set local enable_bitmapscan = on; "
    "set local enable_hashjoin = on; set local enable_mergejoin = on"
)
CONNECT_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 90.0  # above transaction_timeout: the server gives up first and says why
_CLOSE_S: Final = 5.0


async def make_pool(dsn: str, application: str, size: int = 4) -> "asyncpg.Pool[asyncpg.Record]":
    """A pool of writer connections; `application` is what pg_stat_activity shows."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        connection_class=BoundedConnection,
        init=use_fast_arrays,
        setup=refuse_read_only,
        server_settings={"application_name": application, **_WRITER},
    )


async def close_pool(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Close a pool; connections on which the server does not answer are dropped."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await pool.close()


def drop_connections(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Drop every connection of a pool at once: whoever uses one gets an error that passes, and then a new one."""
    for holder in pool._holders:  # type: ignore[attr-defined]  # pool.terminate() would end the pool, too
        holder.terminate()


@contextlib.asynccontextmanager
async def read_transaction(connection: Connection) -> AsyncIterator[None]:
    """A read-only transaction with the whole planner: figures are sums over many rows, not probes."""
    async with connection.transaction(readonly=True):
        await connection.execute(_WHOLE_PLANNER)
        yield


@contextlib.asynccontextmanager
async def bulk_transaction(
    connection: Connection, seconds: int, isolation: Literal["read_committed", "repeatable_read"] = "read_committed"
) -> AsyncIterator[None]:
    """A transaction that counts many rows and may write what came out; it has `seconds` for all of it."""
    async with connection.transaction(isolation=isolation):
        await connection.execute(f"{_WHOLE_PLANNER}; set local work_mem = '64MB'")
        await extend_transaction_timeout(connection, seconds)
        yield


async def extend_transaction_timeout(connection: Connection, seconds: int) -> None:
    """Give the transaction that runs so many seconds from now."""
    # A running time limit is not set anew but by way of none.
    await connection.execute(f"set local transaction_timeout = 0; set local transaction_timeout = '{seconds}s'")
