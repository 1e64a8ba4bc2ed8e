"""Replays and audits are requested in the database, run in order, and run again if they were interrupted."""

import asyncio
from typing import Any

import asyncpg
import pytest

from services.segments import store as segments_store
from shared.postgres.replay import Findings
from shared.postgres.replay_due import (
    ATTEMPTS,
    ReplayAbandonedError,
    last_state,
    read_due,
    replay_due,
)
from tests.store import segments_harness
from tests.store.segments_harness import event, wrong_counts


@pytest.fixture
async def populated(segments: segments_harness.Store) -> segments_harness.Store:
    """A store with one fact."""
    await segments.feed(event("a"))
    return segments


async def test_requested_replays_and_audits_run_in_order(populated: segments_harness.Store) -> None:
    pool, registers, replay = populated.pool, populated.registers, segments_store.REPLAY
    assert await replay_due(pool, replay, registers) is None
    assert await last_state(pool, "segments") == (0, False)
    await pool.execute("update segments.care_month set events = events + 2 where events > 0 and sector = 'vastaanotto'")
    await pool.execute("insert into segments.replay (repairs) values (false), (true), (false)")
    found = [await replay_due(pool, replay, registers) for _ in range(4)]
    assert [findings and wrong_counts(findings) for findings in found] == [(0, 1), (0, 1), (0, 0), None]
    rows = await populated.fetch("select repairs, wrong_cells, failed from segments.replay order by replay")
    assert rows == [(False, 1, None), (True, 1, None), (False, 0, None)]
    assert await last_state(pool, "segments") == (0, False)


async def test_replay_waits_until_facts_are_refolded(populated: segments_harness.Store) -> None:
    pool, replay = populated.pool, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (false)")
    newer = populated.registers.versioned({**populated.registers.versions, "registers": "newer"})
    assert await replay_due(pool, replay, newer) is None
    assert await replay_due(pool, replay, populated.registers) is not None


async def test_failure_is_recorded(populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pool, registers, replay = populated.pool, populated.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (true)")

    async def run(*_: Any) -> Findings:
        raise RuntimeError("no")

    monkeypatch.setattr(replay.__class__, "run", run)
    with pytest.raises(RuntimeError):
        await replay_due(pool, replay, registers)
    assert await populated.fetch("select failed from segments.replay") == [("RuntimeError",)]
    assert await replay_due(pool, replay, registers) is None


@pytest.mark.parametrize(
    "interruption", [asyncio.CancelledError(), ConnectionResetError(), asyncpg.AdminShutdownError()]
)
async def test_interrupted_read_from_kafka_is_repeated(
    populated: segments_harness.Store, interruption: BaseException
) -> None:
    pool, schema, seen = populated.pool, "segments", list[str]()
    await pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def interrupted_read() -> int:
        seen.append("begun")
        raise interruption

    async def read_all() -> int:
        seen.append("read")
        return 7

    async def after_replay(from_kafka: bool) -> None:
        seen.append(f"repaired, from Kafka: {from_kafka}")

    with pytest.raises(type(interruption)):
        await read_due(pool, schema, interrupted_read)
    assert await replay_due(pool, segments_store.REPLAY, populated.registers, after_replay) is None, "not read yet"
    assert [await read_due(pool, schema, read_all) for _ in range(2)] == [7, None]
    assert await replay_due(pool, segments_store.REPLAY, populated.registers, after_replay) is not None
    assert seen == ["begun", "read", "repaired, from Kafka: True"]
    assert await populated.fetch("select records, ended_at is null, failed from segments.replay") == [(7, False, None)]


async def test_interrupted_replay_is_repeated(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, registers, replay = populated.pool, populated.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (true)")

    async def stopped(*_: Any) -> Findings:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr(replay.__class__, "run", stopped)
        await replay_due(pool, replay, registers)
    assert await populated.fetch("select started_at is not null, ended_at is null from segments.replay") == [
        (True, True)
    ]
    assert await replay_due(pool, replay, registers) is not None


@pytest.mark.parametrize("repairs", [True, False])
async def test_replay_that_crashes_the_service_is_abandoned(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch, repairs: bool
) -> None:
    """A process that crashes does not record the end of a replay. Here SystemExit stands for the crash."""
    pool, registers, replay = populated.pool, populated.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values ($1)", repairs)
    calls = 0

    async def crash(*_: Any) -> Findings:
        nonlocal calls
        calls += 1
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(replay.__class__, "run" if repairs else "audit", crash)
        for _ in range(ATTEMPTS):
            with pytest.raises(SystemExit):
                await replay_due(pool, replay, registers)
        assert await last_state(pool, "segments") == (0, False)
        with pytest.raises(ReplayAbandonedError, match="was interrupted 3 times"):
            await replay_due(pool, replay, registers)
        assert await replay_due(pool, replay, registers) is None
    assert calls == ATTEMPTS
    assert await populated.fetch("select failed from segments.replay") == [("interrupted 3 times",)]
    assert await last_state(pool, "segments") == (0, True)
    await pool.execute("insert into segments.replay (repairs) values (false)")
    assert await replay_due(pool, replay, registers) is not None
    assert await last_state(pool, "segments") == (0, False)


@pytest.mark.parametrize("interruption", [asyncio.CancelledError(), ConnectionResetError()])
async def test_restarts_and_outages_do_not_count_as_attempts(
    populated: segments_harness.Store, interruption: BaseException
) -> None:
    await populated.pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def interrupted_read() -> int:
        raise interruption

    for _ in range(ATTEMPTS + 1):
        with pytest.raises(type(interruption)):
            await read_due(populated.pool, "segments", interrupted_read)
    assert await populated.fetch("select attempts, ended_at is null from segments.replay") == [(0, True)]


async def test_failed_read_from_kafka_is_recorded(populated: segments_harness.Store) -> None:
    await populated.pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def read() -> int:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await read_due(populated.pool, "segments", read)
    assert await populated.fetch("select failed, records from segments.replay") == [("RuntimeError", None)]
    assert await read_due(populated.pool, "segments", read) is None


async def test_callback_runs_after_a_replay_but_not_after_an_audit(populated: segments_harness.Store) -> None:
    seen = list[bool]()

    async def after_replay(from_kafka: bool) -> None:
        seen.append(from_kafka)

    await populated.pool.execute("insert into segments.replay (repairs) values (false), (true)")
    for _ in range(2):
        assert await replay_due(populated.pool, segments_store.REPLAY, populated.registers, after_replay)
    assert seen == [False]


@pytest.mark.parametrize("lost", [ConnectionResetError(), asyncpg.AdminShutdownError()])
async def test_replay_that_lost_its_connections_is_repeated_as_after_a_crash(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch, lost: Exception
) -> None:
    await populated.pool.execute("insert into segments.replay (repairs) values (true)")

    async def fail(*_: Any) -> Findings:
        raise lost

    with monkeypatch.context() as patch, pytest.raises(type(lost)):
        patch.setattr(segments_store.REPLAY.__class__, "run", fail)
        await replay_due(populated.pool, segments_store.REPLAY, populated.registers)
    assert await populated.fetch("select attempts, ended_at is null from segments.replay") == [(1, True)]
    assert await replay_due(populated.pool, segments_store.REPLAY, populated.registers) is not None
