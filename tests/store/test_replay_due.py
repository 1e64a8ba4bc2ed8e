"""Replays and audits are asked for in the database, done one at a time, and done again where they did not end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.segments import store as segments_store
from shared.postgres.replay import Findings
from shared.postgres.replay_due import (
    ATTEMPTS,
    ReplayAbandonedError,
    audit_is_due,
    last_failed,
    last_wrong,
    read_due,
    replay_due,
)
from tests.store import segments_stage
from tests.store.segments_stage import broken, event

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
async def told(segments: segments_stage.Store) -> segments_stage.Store:
    """Something to add up."""
    await segments.feed(event("a"))
    return segments


async def test_it_is_asked_for_in_the_database(told: segments_stage.Store) -> None:
    pool, registers, replay = told.pool, told.registers, segments_store.REPLAY
    assert await replay_due(pool, 4, replay, registers, NOON) is None
    assert await last_wrong(pool, "segments") is None
    await pool.execute("update segments.care_month set events = events + 2 where events > 0 and sector = 'vastaanotto'")
    await pool.execute("insert into segments.replay (repairs) values (false), (true), (false)")
    found = [await replay_due(pool, 4, replay, registers, NOON) for _ in range(4)]
    assert [one and broken(one) for one in found] == [(0, 1), (0, 1), (0, 0), None]
    rows = await told.all("select repairs, wrong_cells, failed from segments.replay order by replay")
    assert rows == [(False, 1, None), (True, 1, None), (False, 0, None)]
    assert await last_wrong(pool, "segments") == 0


async def test_it_waits_until_the_facts_follow_the_registers(told: segments_stage.Store) -> None:
    pool, replay = told.pool, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (false)")
    store_newer_histories = told.registers.versioned({**told.registers.versions, "registers": "newer"})
    assert await replay_due(pool, 4, replay, store_newer_histories, NOON) is None
    assert await replay_due(pool, 4, replay, told.registers, NOON) is not None


async def test_one_at_a_time_and_a_failure_is_told(told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pool, registers, replay = told.pool, told.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (true)")
    seen: list[Any] = []

    async def run(*_: Any) -> Findings:
        seen.append(await replay_due(pool, 4, replay, registers, NOON))
        raise RuntimeError("no")

    monkeypatch.setattr(replay.__class__, "run", run)
    with pytest.raises(RuntimeError):
        await replay_due(pool, 4, replay, registers, NOON)
    assert seen == [None]
    assert await told.all("select failed from segments.replay") == [("RuntimeError",)]
    assert await replay_due(pool, 4, replay, registers, NOON) is None


@pytest.mark.parametrize("end", [asyncio.CancelledError(), ConnectionResetError(), asyncpg.AdminShutdownError()])
async def test_a_reading_that_did_not_end_is_done_again(told: segments_stage.Store, end: BaseException) -> None:
    pool, schema, seen = told.pool, "segments", list[str]()
    await pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def cut_short() -> int:
        seen.append("begun")
        assert await read_due(pool, 4, schema, whole) is None, "one at a time"
        raise end

    async def whole() -> int:
        seen.append("read")
        return 7

    async def afterwards(from_kafka: bool) -> None:
        seen.append(f"mended, from Kafka: {from_kafka}")

    with pytest.raises(type(end)):
        await read_due(pool, 4, schema, cut_short)
    assert await replay_due(pool, 4, segments_store.REPLAY, told.registers, NOON, afterwards) is None, "not read yet"
    assert [await read_due(pool, 4, schema, whole) for _ in range(2)] == [7, None]
    assert await replay_due(pool, 4, segments_store.REPLAY, told.registers, NOON, afterwards) is not None
    assert seen == ["begun", "read", "mended, from Kafka: True"]
    assert await told.all("select records, ended_at is null, failed from segments.replay") == [(7, False, None)]


async def test_a_replay_that_did_not_end_is_done_again(
    told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, registers, replay = told.pool, told.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (true)")

    async def stopped(*_: Any) -> Findings:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr(replay.__class__, "run", stopped)
        await replay_due(pool, 4, replay, registers, NOON)
    assert await told.all("select started_at is not null, ended_at is null from segments.replay") == [(True, True)]
    assert await replay_due(pool, 4, replay, registers, NOON) is not None


@pytest.mark.parametrize("repairs", [True, False])
async def test_a_replay_that_brings_the_service_down_is_given_up(
    told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch, repairs: bool
) -> None:
    """A process that dies writes no end: here the loop is torn down under it."""
    pool, registers, replay = told.pool, told.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values ($1)", repairs)
    tries = 0

    async def dies(*_: Any) -> Findings:
        nonlocal tries
        tries += 1
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(replay.__class__, "run" if repairs else "audit", dies)
        for _ in range(ATTEMPTS):
            with pytest.raises(SystemExit):
                await replay_due(pool, 4, replay, registers, NOON)
        assert not await last_failed(pool, "segments")
        with pytest.raises(ReplayAbandonedError, match="was interrupted 3 times"):
            await replay_due(pool, 4, replay, registers, NOON)
        assert await replay_due(pool, 4, replay, registers, NOON) is None
    assert tries == ATTEMPTS
    assert await told.all("select failed from segments.replay") == [("interrupted 3 times",)]
    assert await last_failed(pool, "segments")
    await pool.execute("insert into segments.replay (repairs) values (false)")
    assert await replay_due(pool, 4, replay, registers, NOON) is not None
    assert not await last_failed(pool, "segments")


@pytest.mark.parametrize("end", [asyncio.CancelledError(), ConnectionResetError()])
async def test_restarts_and_outages_are_no_reason_to_give_up(told: segments_stage.Store, end: BaseException) -> None:
    await told.pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def interrupted() -> int:
        raise end

    for _ in range(ATTEMPTS + 1):
        with pytest.raises(type(end)):
            await read_due(told.pool, 4, "segments", interrupted)
    assert await told.all("select attempts, ended_at is null from segments.replay") == [(0, True)]


async def test_a_reading_that_cannot_succeed_is_told(told: segments_stage.Store) -> None:
    await told.pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def read() -> int:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await read_due(told.pool, 4, "segments", read)
    assert await told.all("select failed, records from segments.replay") == [("RuntimeError", None)]
    assert await read_due(told.pool, 4, "segments", read) is None


async def test_what_follows_a_replay_does_not_follow_an_audit(told: segments_stage.Store) -> None:
    seen = list[bool]()

    async def afterwards(from_kafka: bool) -> None:
        seen.append(from_kafka)

    await told.pool.execute("insert into segments.replay (repairs) values (false), (true)")
    for _ in range(2):
        assert await replay_due(told.pool, 4, segments_store.REPLAY, told.registers, NOON, afterwards)
    assert seen == [False]


NIGHT = datetime(2026, 3, 2, 1, tzinfo=UTC)  # three in Finland


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, NIGHT, True),
        (None, NIGHT - timedelta(seconds=1), False),
        (None, NOON, False),
        (NIGHT, NIGHT + timedelta(hours=1), False),
        (NIGHT - timedelta(seconds=1), NIGHT, True),
        (NIGHT, NIGHT + timedelta(days=1), True),
        (NIGHT, NIGHT + timedelta(days=1, hours=3), False),
    ],
)
def test_an_audit_is_due_once_a_night(last: datetime | None, now: datetime, due: bool) -> None:
    assert audit_is_due(last, now) is due
