"""A pool drops connections to a read-only server, such as a former primary after a failover, and reconnects."""

import asyncpg
import pytest

from shared.failure import Failure, classify
from shared.postgres.pool import make_pool
from tests.product import Database
from tests.replica import wait_until


async def alter(database: Database, setting: str) -> None:
    connection = await asyncpg.connect(database.admin)
    try:
        await connection.execute(f"alter database {database.name} {setting}")
    finally:
        await connection.close()


async def writable(pool: "asyncpg.Pool[asyncpg.Record]") -> bool:
    try:
        return bool(await pool.fetchval("show transaction_read_only") == "off")
    except asyncpg.ReadOnlySQLTransactionError:
        return False


async def test_pool_replaces_connections_to_a_read_only_server(database: Database) -> None:
    await alter(database, "set default_transaction_read_only = on")
    pool = await make_pool(database.dsn("hva_nps"), "test", size=2)
    try:
        for _ in range(3):
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as refused:
                await pool.fetchval("select 1")
            assert classify(refused.value) is Failure.TRANSIENT
        await alter(database, "reset default_transaction_read_only")
        await wait_until(lambda: writable(pool), "new connections replace the old ones")
    finally:
        await pool.close()
