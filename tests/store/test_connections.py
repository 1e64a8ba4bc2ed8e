"""Connections to PostgreSQL: the health probe, and time limits while the server hangs."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import pytest

from shared.edge.watch import probe_postgres
from shared.health import Health
from shared.postgres.connection import CANCEL_S
from shared.postgres.pool import close_pool, make_pool
from shared.postgres.probe import PostgresProbe
from tests.conftest import ServerUnderTest
from tests.product import Database

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await make_pool(database.dsn("hva_nps"), "test")
    yield pool
    await close_pool(pool)


async def test_probe_succeeds_while_the_pool_is_exhausted(pool: Pool, database: Database) -> None:
    health, lost = Health(("postgres",)), list[str]()
    probe = PostgresProbe(database.dsn("hva_nps"), "test", lambda: lost.append("lost"))
    held = [await pool.acquire() for _ in range(pool.get_max_size())]
    await probe_postgres(probe, health)()
    assert (health.problems(), lost) == ({}, [])
    probe.close()
    for connection in held:
        await pool.release(connection)


async def test_time_limit_holds_while_the_server_hangs(pool: Pool, postgres_server: ServerUnderTest) -> None:
    with postgres_server.paused():
        started = time.monotonic()
        with pytest.raises((TimeoutError, asyncpg.InterfaceError)):
            async with asyncio.timeout(0.1), pool.acquire() as connection, connection.transaction():
                await connection.execute("select 1")
        assert time.monotonic() - started < 5 * CANCEL_S
    assert await pool.fetchval("select 1") == 1


async def test_server_uses_tcp_keepalives_and_user_timeout(pool: Pool) -> None:
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
    assert [await pool.fetchval("select current_setting($1)", name) for name in names] == ["5", "2", "3", "10000"]
