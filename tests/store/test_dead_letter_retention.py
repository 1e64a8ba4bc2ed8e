"""Retention of dead letters: only closed ones are removed, after the time, and not those of topics kept for ever."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.catalogue import KEPT_FOR_EVER, PERSON, SEGMENT
from shared.dead_letters import GATEWAY
from shared.postgres import dead_letters
from shared.postgres.chunks import Pool
from shared.postgres.dead_letters import remove_closed, write_dead_letters
from shared.postgres.pool import make_pool
from tests.product import Database
from tests.store.dead_letters import CIPHER, dead_letter, store, stored

BEFORE = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD, RECENT = BEFORE - timedelta(seconds=1), BEFORE


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    pool = await make_pool(database.dsn("hva_nps"), "test")
    yield pool
    await pool.close()


async def store_in_state(pool: Pool, offset: int, state: str, changed_at: datetime, topic: str = "t") -> None:
    await store(pool, dead_letter(offset, topic=topic), schema="nps")
    await pool.execute(
        'update nps.dead_letter set state = $2, changed_at = $3 where "offset" = $1', offset, state, changed_at
    )


async def remaining(pool: Pool) -> list[int]:
    return [offset for (offset,) in await stored(pool, '"offset"', schema="nps")]


async def test_only_old_closed_dead_letters_are_removed(pool: Pool) -> None:
    for offset, state in enumerate(("open", "redrive", "resolved", "discarded")):
        await store_in_state(pool, offset, state, OLD)
        await store_in_state(pool, offset + 10, state, RECENT)
    assert await remove_closed(pool, "nps", BEFORE, []) == 2
    assert await remaining(pool) == [0, 1, 10, 11, 12, 13]
    assert await remove_closed(pool, "nps", BEFORE, []) == 0


async def test_those_of_topics_that_are_kept_for_ever_stay(pool: Pool) -> None:
    await store_in_state(pool, 1, "discarded", OLD, PERSON.name)
    await store_in_state(pool, 2, "discarded", OLD, "hva.feedback.v1")
    assert await remove_closed(pool, "nps", BEFORE, [topic.name for topic in KEPT_FOR_EVER]) == 1
    assert await remaining(pool) == [1]
    assert set(KEPT_FOR_EVER) == {PERSON, SEGMENT}


async def test_more_than_one_chunk_is_removed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "_REMOVED_AT_ONCE", 2)
    for offset in range(5):
        await store_in_state(pool, offset, "resolved", OLD)
    assert await remove_closed(pool, "nps", BEFORE, []) == 5


async def test_one_that_is_locked_is_removed_the_next_time(pool: Pool) -> None:
    await store_in_state(pool, 1, "discarded", OLD)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select from nps.dead_letter for update")
        assert await remove_closed(pool, "nps", BEFORE, []) == 0
    assert await remove_closed(pool, "nps", BEFORE, []) == 1


class RemovedBetween:
    """A connection after whose first statement a job removes closed dead letters."""

    def __init__(self, pool: Pool, connection: Any) -> None:
        self._pool, self._connection, self._removed = pool, connection, False

    async def execute(self, statement: str, *arguments: Any) -> None:
        await self._connection.execute(statement, *arguments)
        if not self._removed:
            self._removed = True
            await remove_closed(self._pool, "nps", BEFORE, [])


async def test_one_that_a_gateway_rejects_again_meanwhile_is_open(pool: Pool) -> None:
    await store_in_state(pool, 1, "discarded", OLD, GATEWAY)
    async with pool.acquire() as connection:
        between: Any = RemovedBetween(pool, connection)
        await write_dead_letters(between, "nps", [dead_letter(1, topic=GATEWAY)], CIPHER)
    assert await stored(pool, "state", schema="nps") == [("open",)]
