"""Redrive of dead letters: which are due, their new state, and that none of them blocks others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.postgres.dead_letters import write_dead_letters
from shared.postgres.pool import make_pool
from shared.postgres.redrive import redrive_due
from shared.record import PlainRecord
from tests.product import Database
from tests.store.dead_letters import CIPHER, OTHER_CIPHER, dead_letter, store, stored

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNKNOWN = {"reason": Reason.UNKNOWN_UNIT, "registers": "v1"}


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_ingest"), "test")
    yield pool
    await pool.close()


class Attempt:
    """An attempt that records its calls. It raises `errors` and returns `verdicts` by offset."""

    def __init__(self, errors: dict[int, Exception] | None = None, verdicts: dict[int, Rejected] | None = None) -> None:
        self.errors, self.verdicts = errors or {}, verdicts or {}
        self.records: list[PlainRecord] = []

    async def __call__(self, record: PlainRecord) -> Rejected | None:
        self.records.append(record)
        if error := self.errors.get(record.offset):
            raise error
        return self.verdicts.get(record.offset)


async def redrive(
    pool: "asyncpg.Pool[asyncpg.Record]", attempt: Attempt, version: str = "v1", now: datetime = NOW
) -> int:
    return await redrive_due(pool, "ingest", CIPHER, attempt, version, now)


async def request_redrive_of_all(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await pool.execute("update ingest.dead_letter set state = 'redrive'")


async def test_dead_letter_that_raises_a_bug_blocks_no_other(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await store(pool, *(dead_letter(offset) for offset in range(3)))
    await request_redrive_of_all(pool)
    attempt = Attempt(errors={1: ZeroDivisionError("with a value in its text")})
    assert await redrive(pool, attempt) == 3
    assert await stored(pool, "state, reason, detail, attempts") == [
        ("resolved", "schema", "because 0", 2),
        ("open", "handler_bug", "ZeroDivisionError", 2),
        ("resolved", "schema", "because 2", 2),
    ]
    assert await redrive(pool, attempt, "v2") == 0, "a dead letter of a bug is not retried automatically"


async def test_transient_error_leaves_only_its_own_dead_letter_due(
    pool: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    await store(pool, *(dead_letter(offset) for offset in range(3)))
    await request_redrive_of_all(pool)
    before = await stored(pool, "to_jsonb(dead_letter)")
    with pytest.raises(ConnectionResetError):
        await redrive(pool, Attempt(errors={1: ConnectionResetError()}))
    assert await stored(pool, "state") == [("resolved",), ("redrive",), ("resolved",)]
    assert (await stored(pool, "to_jsonb(dead_letter)"))[1] == before[1]
    assert await redrive(pool, Attempt()) == 1


async def test_dead_letter_in_progress_locks_no_other(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await store(pool, dead_letter(0), dead_letter(1), dead_letter(2))
    await request_redrive_of_all(pool)
    observed: list[tuple[list[tuple[Any, ...]], list[Any]]] = []

    class Observing(Attempt):
        async def __call__(self, record: PlainRecord) -> Rejected | None:
            if record.offset == 1:
                free = await pool.fetch('select "offset" from ingest.dead_letter order by 1 for update skip locked')
                observed.append((await stored(pool, "state"), [row["offset"] for row in free]))
            return await super().__call__(record)

    assert await redrive(pool, Observing()) == 3
    assert observed == [([("resolved",), ("redrive",), ("redrive",)], [0, 2])], (
        "each is settled on its own and locked only in its turn"
    )


async def test_attempt_may_exceed_the_idle_timeout_of_sessions(
    pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    await store(pool, dead_letter(0))
    await request_redrive_of_all(pool)

    class Slow(Attempt):
        async def __call__(self, record: PlainRecord) -> Rejected | None:
            await pool.execute("select pg_sleep(0.5)")
            return await super().__call__(record)

    dsn, settings = database.dsn("hva_ingest"), {"idle_in_transaction_session_timeout": "100ms"}
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1, server_settings=settings) as short_idle:
        assert await redrive(short_idle, Slow()) == 1
    assert await stored(pool, "state") == [("resolved",)]


async def test_dead_letter_without_its_key_is_due_once_per_version(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    async with pool.acquire() as connection:
        await write_dead_letters(connection, "ingest", [dead_letter(0, **UNKNOWN)], OTHER_CIPHER)
    await store(pool, dead_letter(1, **UNKNOWN))
    attempt = Attempt()
    assert [await redrive(pool, attempt, version) for version in ("v1", "v2", "v2", "v3", "v3")] == [0, 2, 0, 1, 0]
    assert [record.offset for record in attempt.records] == [1]
    sentence = "cannot be decrypted: the key of this dead letter is not in the file of HVA_LETTER_KEY_FILE"
    assert await stored(pool, "state, detail, attempts, register_version") == [
        ("open", sentence, 3, "v3"),
        ("resolved", "because 1", 2, "v1"),
    ]


async def test_future_dead_letter_without_its_key_is_due_once(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    async with pool.acquire() as connection:
        ahead = dead_letter(0, Reason.FUTURE_TIME, retry_at=NOW, registers="v1")
        await write_dead_letters(connection, "ingest", [ahead], OTHER_CIPHER)
    second = timedelta(seconds=1)
    assert [await redrive(pool, Attempt(), "v1", NOW + n * second) for n in (-1, 0, 1)] == [0, 1, 0]


async def test_still_unknown_unit_is_due_once_per_version(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await store(pool, dead_letter(0, **UNKNOWN))
    for version, due in (("v1", 0), ("v2", 1), ("v2", 0), ("v1", 1)):
        still = Rejected(Reason.UNKNOWN_UNIT, f"by {version}", registers=version)
        assert await redrive(pool, Attempt(verdicts={0: still}), version) == due
    assert await stored(pool, "state, detail, attempts, register_version") == [("open", "by v1", 3, "v1")]


@pytest.mark.parametrize("timestamp", [-(2**63), -1, 0, 1_700_000_000_123, 253_402_300_800_000, 2**63 - 1])
async def test_dead_letter_can_be_opened_with_any_timestamp(
    pool: "asyncpg.Pool[asyncpg.Record]", timestamp: int
) -> None:
    await store(pool, dead_letter(7, timestamp=timestamp))
    await request_redrive_of_all(pool)
    attempt = Attempt()
    assert await redrive(pool, attempt) == 1
    assert [record.value for record in attempt.records] == [b"value 7"]
    assert await stored(pool, "state") == [("resolved",)]
