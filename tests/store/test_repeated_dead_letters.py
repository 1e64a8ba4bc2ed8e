"""Dead letters written twice: a redelivery changes nothing, a repeated request to the gateway reopens its own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from shared.contracts.reasons import Reason
from shared.dead_letters import GATEWAY
from shared.postgres.dead_letters import write_dead_letters
from shared.postgres.pool import make_pool
from tests.product import Database
from tests.store.dead_letters import CIPHER, OTHER_CIPHER, dead_letter, store, stored

CLOSED = ("resolved", "discarded")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_ingest"), "test")
    yield pool
    await pool.close()


async def set_state(pool: "asyncpg.Pool[asyncpg.Record]", state: str) -> None:
    await pool.execute(
        "update ingest.dead_letter set state = $1, changed_at = '2000-01-01', first_seen = '2000-01-01'", state
    )


@pytest.mark.parametrize("state", ["open", "redrive", *CLOSED])
async def test_redelivered_record_changes_nothing(pool: "asyncpg.Pool[asyncpg.Record]", state: str) -> None:
    await store(pool, dead_letter(1), dead_letter(2))
    await set_state(pool, state)
    before = await stored(pool, "to_jsonb(dead_letter)")
    await store(pool, dead_letter(1, Reason.ENVELOPE), dead_letter(2))
    assert await stored(pool, "to_jsonb(dead_letter)") == before


@pytest.mark.parametrize("state", CLOSED)
async def test_closed_gateway_dead_letter_is_reopened_with_the_new_verdict(
    pool: "asyncpg.Pool[asyncpg.Record]", state: str
) -> None:
    first = dead_letter(1, topic=GATEWAY, timestamp=0, reason=Reason.UNKNOWN_UNIT, registers="v1", source="urn:hva:a:b")
    async with pool.acquire() as connection:
        await write_dead_letters(connection, "ingest", [first], OTHER_CIPHER)
    await set_state(pool, state)
    retry_at = datetime(2027, 1, 1, tzinfo=UTC)
    again = dead_letter(1, topic=GATEWAY, timestamp=0, reason=Reason.FUTURE_TIME, registers="v2", retry_at=retry_at)
    await store(pool, again, dead_letter(2, topic=GATEWAY, timestamp=0), again)
    assert await stored(pool, "state, attempts, reason, register_version, retry_at, source") == [
        ("open", 2, "future_time", "v2", retry_at, None),
        ("open", 1, "schema", "", None, None),
    ]
    assert (await stored(pool, "changed_at > '2001-01-01', first_seen < '2001-01-01'"))[0] == (True, True)
    (sealed, *_) = await stored(pool, "sealed")
    assert CIPHER.decrypt(GATEWAY, 0, 1, 0, *sealed).value == b"value 1", "encrypted with the current key"


@pytest.mark.parametrize("state", ["open", "redrive"])
async def test_open_gateway_dead_letter_is_unchanged_when_sent_again(
    pool: "asyncpg.Pool[asyncpg.Record]", state: str
) -> None:
    await store(pool, dead_letter(1, topic=GATEWAY, timestamp=0))
    await set_state(pool, state)
    before = await stored(pool, "to_jsonb(dead_letter)")
    await store(pool, dead_letter(1, topic=GATEWAY, timestamp=0))
    assert await stored(pool, "to_jsonb(dead_letter)") == before


async def test_gateway_does_not_wait_for_a_running_redrive(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await store(pool, dead_letter(1, topic=GATEWAY, timestamp=0))
    async with pool.acquire() as other, other.transaction():
        await other.execute("select from ingest.dead_letter for update")
        async with pool.acquire() as connection:
            await connection.execute("set lock_timeout = 100")
            again = [dead_letter(n, topic=GATEWAY, timestamp=0) for n in (1, 2)]
            await write_dead_letters(connection, "ingest", again, CIPHER)
    assert await stored(pool, "state, attempts") == [("open", 1), ("open", 1)]
