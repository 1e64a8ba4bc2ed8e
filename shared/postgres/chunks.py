"""Long work over a whole county, in chunks, so that neither its lock nor memory is held for long.

A cursor reads the keys from one snapshot. Each chunk is written in its own transaction under the county's lock.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import asyncpg

from shared.postgres.lock import Connection, lock_county
from shared.postgres.pool import bulk_transaction

TIMEOUT_S: Final = 3 * 3600
_ROWS: Final = 2000  # keys per transaction

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

Write = Callable[[Connection, str, list[str]], Awaitable[None]]
"""Writes what the keys of a county need. The county's lock is held."""


@asynccontextmanager
async def snapshot(connection: Connection) -> AsyncIterator[None]:
    """A transaction that reads everything as of one moment, however long it takes."""
    async with bulk_transaction(connection, TIMEOUT_S, isolation="repeatable_read"):
        # It holds no county lock, and is idle while another connection writes the results.
        await connection.execute("set local idle_in_transaction_session_timeout = '10min'")
        yield


@asynccontextmanager
async def locked(pool: Pool, schema: str, county: str) -> AsyncIterator[Connection]:
    """A transaction that holds the lock of a county."""
    async with pool.acquire() as connection, connection.transaction():
        await lock_county(connection, schema, county)
        yield connection


async def write_in_chunks(pool: Pool, schema: str, county: str, query: str, write: Write) -> None:
    """Call `write` in chunks for the keys that a query over county $1 returns."""
    async with pool.acquire() as reader, snapshot(reader):
        cursor = await reader.cursor(query, county, timeout=TIMEOUT_S)
        while rows := await cursor.fetch(_ROWS, timeout=TIMEOUT_S):
            async with locked(pool, schema, county) as writer:
                await write(writer, county, [row[0] for row in rows])
