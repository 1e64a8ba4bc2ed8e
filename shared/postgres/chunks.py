"""Long work over all of a county without holding it, and without holding all of it in memory.

What is to be done is read from one snapshot by a cursor, and written in chunks, each in a transaction of its own under
the county's lock.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import asyncpg

from shared.postgres.lock import Connection, lock_counties
from shared.postgres.pool import bulk_transaction

LONGEST_S: Final = 3 * 3600
_ROWS: Final = 2000  # keys a transaction

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

Write = Callable[[Connection, str, list[str]], Awaitable[None]]
"""Write what the keys of a county need; its lock is held."""


@asynccontextmanager
async def snapshot(connection: Connection) -> AsyncIterator[None]:
    """All that is read is of one moment, however long it takes."""
    async with bulk_transaction(connection, LONGEST_S, isolation="repeatable_read"):
        # It holds no lock of a county, and rests while its findings are written elsewhere.
        await connection.execute("set local idle_in_transaction_session_timeout = '10min'")
        yield


@asynccontextmanager
async def locked(pool: Pool, schema: str, county: str) -> AsyncIterator[Connection]:
    """A transaction that holds a county."""
    async with pool.acquire() as connection, connection.transaction():
        await lock_counties(connection, schema, [county])
        yield connection


async def write_in_chunks(pool: Pool, schema: str, county: str, query: str, write: Write) -> None:
    """Write what each key needs that a query over county $1 finds, in chunks."""
    async with pool.acquire() as reader, snapshot(reader):
        cursor = await reader.cursor(query, county, timeout=LONGEST_S)
        while rows := await cursor.fetch(_ROWS, timeout=LONGEST_S):
            async with locked(pool, schema, county) as writer:
                await write(writer, county, [row[0] for row in rows])
