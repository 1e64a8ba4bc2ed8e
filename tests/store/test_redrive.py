"""Letters tried again: which are due, what becomes of them, and that none stands in the way of others."""

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
from tests.store.dead_letters import OTHER_SEALER, SEALER, dead_letter, keep, kept

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNKNOWN = {"reason": Reason.UNKNOWN_UNIT, "registers": "v1"}


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_ingest"), "test")
    yield pool
    await pool.close()


class Trying:
    """An attempt that remembers what it was given. `faults` are raised, `verdicts` given, by offset."""

    def __init__(self, faults: dict[int, Exception] | None = None, verdicts: dict[int, Rejected] | None = None) -> None:
        self.faults, self.verdicts = faults or {}, verdicts or {}
        self.tried: list[PlainRecord] = []

    async def __call__(self, record: PlainRecord) -> Rejected | None:
        self.tried.append(record)
        if fault := self.faults.get(record.offset):
            raise fault
        return self.verdicts.get(record.offset)


async def redrive(
    pool: "asyncpg.Pool[asyncpg.Record]", attempt: Trying, version: str = "v1", now: datetime = NOW
) -> int:
    return await redrive_due(pool, "ingest", SEALER, attempt, version, now)


async def ask_for_all(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await pool.execute("update ingest.dead_letter set state = 'redrive'")


async def test_a_letter_that_our_code_cannot_stand_blocks_no_other(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await keep(pool, *(dead_letter(offset) for offset in range(3)))
    await ask_for_all(pool)
    attempt = Trying(faults={1: ZeroDivisionError("with a value in its text")})
    assert await redrive(pool, attempt) == 3
    assert await kept(pool, "state, reason, detail, attempts") == [
        ("resolved", "schema", "because 0", 2),
        ("open", "handler_bug", "ZeroDivisionError", 2),
        ("resolved", "schema", "because 2", 2),
    ]
    assert await redrive(pool, attempt, "v2") == 0, "what is ours waits for us"


async def test_a_transient_failure_leaves_its_dead_letter_due_and_settles_the_others(
    pool: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    await keep(pool, *(dead_letter(offset) for offset in range(3)))
    await ask_for_all(pool)
    before = await kept(pool, "to_jsonb(dead_letter)")
    with pytest.raises(ConnectionResetError):
        await redrive(pool, Trying(faults={1: ConnectionResetError()}))
    assert await kept(pool, "state") == [("resolved",), ("redrive",), ("resolved",)]
    assert (await kept(pool, "to_jsonb(dead_letter)"))[1] == before[1]
    assert await redrive(pool, Trying()) == 1


async def test_a_dead_letter_that_waits_for_a_lock_holds_no_other(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await keep(pool, dead_letter(0), dead_letter(1), dead_letter(2))
    await ask_for_all(pool)
    seen: list[tuple[list[tuple[Any, ...]], list[Any]]] = []

    class Waiting(Trying):
        async def __call__(self, record: PlainRecord) -> Rejected | None:
            if record.offset == 1:
                free = await pool.fetch('select "offset" from ingest.dead_letter order by 1 for update skip locked')
                seen.append((await kept(pool, "state"), [row["offset"] for row in free]))
            return await super().__call__(record)

    assert await redrive(pool, Waiting()) == 3
    assert seen == [([("resolved",), ("redrive",), ("redrive",)], [0, 2])], "settled before, not held before its turn"


async def test_an_attempt_may_wait_longer_than_a_session_may_idle(
    pool: "asyncpg.Pool[asyncpg.Record]", database: Database
) -> None:
    await keep(pool, dead_letter(0))
    await ask_for_all(pool)

    class Slow(Trying):
        async def __call__(self, record: PlainRecord) -> Rejected | None:
            await pool.execute("select pg_sleep(0.5)")
            return await super().__call__(record)

    dsn, settings = database.dsn("hva_ingest"), {"idle_in_transaction_session_timeout": "100ms"}
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1, server_settings=settings) as impatient:
        assert await redrive(impatient, Slow()) == 1
    assert await kept(pool, "state") == [("resolved",)]


async def test_a_letter_without_its_key_is_due_once_a_version(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    async with pool.acquire() as connection:
        await write_dead_letters(connection, "ingest", [dead_letter(0, **UNKNOWN)], OTHER_SEALER)
    await keep(pool, dead_letter(1, **UNKNOWN))
    attempt = Trying()
    assert [await redrive(pool, attempt, version) for version in ("v1", "v2", "v2", "v3", "v3")] == [0, 2, 0, 1, 0]
    assert [record.offset for record in attempt.tried] == [1]
    sentence = "cannot be opened: the key of this dead letter is not in the file of HVA_LETTER_KEY_FILE"
    assert await kept(pool, "state, detail, attempts, register_version") == [
        ("open", sentence, 3, "v3"),
        ("resolved", "because 1", 2, "v1"),
    ]


async def test_a_letter_from_the_future_without_its_key_is_due_once(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    async with pool.acquire() as connection:
        ahead = dead_letter(0, Reason.FUTURE_TIME, retry_at=NOW, registers="v1")
        await write_dead_letters(connection, "ingest", [ahead], OTHER_SEALER)
    a_second = timedelta(seconds=1)
    assert [await redrive(pool, Trying(), "v1", NOW + n * a_second) for n in (-1, 0, 1)] == [0, 1, 0]


async def test_what_is_still_unknown_is_due_once_a_version(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await keep(pool, dead_letter(0, **UNKNOWN))
    for version, due in (("v1", 0), ("v2", 1), ("v2", 0), ("v1", 1)):
        still = Rejected(Reason.UNKNOWN_UNIT, f"by {version}", registers=version)
        assert await redrive(pool, Trying(verdicts={0: still}), version) == due
    assert await kept(pool, "state, detail, attempts, register_version") == [("open", "by v1", 3, "v1")]


@pytest.mark.parametrize("timestamp", [-(2**63), -1, 0, 1_700_000_000_123, 253_402_300_800_000, 2**63 - 1])
async def test_a_letter_opens_again_whatever_timestamp_its_sender_wrote(
    pool: "asyncpg.Pool[asyncpg.Record]", timestamp: int
) -> None:
    await keep(pool, dead_letter(7, timestamp=timestamp))
    await ask_for_all(pool)
    attempt = Trying()
    assert await redrive(pool, attempt) == 1
    assert [record.value for record in attempt.tried] == [b"value 7"]
    assert await kept(pool, "state") == [("resolved",)]
