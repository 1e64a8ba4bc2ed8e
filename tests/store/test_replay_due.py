"""Replays and audits are requested in the database, run one at a time, and run again if they were interrupted."""

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
from tests.store import segments_harness
from tests.store.segments_harness import event, wrong_counts

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
async def populated(segments: segments_harness.Store) -> segments_harness.Store:
    """A store with one fact."""
    await segments.feed(event("a"))
    return segments


async def test_requested_replays_and_audits_run_in_order(populated: segments_harness.Store) -> None:
    pool, registers, replay = populated.pool, populated.registers, segments_store.REPLAY
    assert await replay_due(pool, 4, replay, registers, NOON) is None
    assert await last_wrong(pool, "segments") is None
    await pool.execute("update segments.care_month set events = events + 2 where events > 0 and sector = 'vastaanotto'")
    await pool.execute("insert into segments.replay (repairs) values (false), (true), (false)")
    found = [await replay_due(pool, 4, replay, registers, NOON) for _ in range(4)]
    assert [findings and wrong_counts(findings) for findings in found] == [(0, 1), (0, 1), (0, 0), None]
    rows = await populated.fetch("select repairs, wrong_cells, failed from segments.replay order by replay")
    assert rows == [(False, 1, None), (True, 1, None), (False, 0, None)]
    assert await last_wrong(pool, "segments") == 0


async def test_replay_waits_until_facts_are_refolded(populated: segments_harness.Store) -> None:
    pool, replay = populated.pool, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (false)")
    newer = populated.registers.versioned({**populated.registers.versions, "registers": "newer"})
    assert await replay_due(pool, 4, replay, newer, NOON) is None
    assert await replay_due(pool, 4, replay, populated.registers, NOON) is not None


async def test_one_replay_runs_at_a_time_and_failure_is_recorded(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, registers, replay = populated.pool, populated.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (repairs) values (true)")
    concurrent: list[Any] = []

    async def run(*_: Any) -> Findings:
        concurrent.append(await replay_due(pool, 4, replay, registers, NOON))
        raise RuntimeError("no")

    monkeypatch.setattr(replay.__class__, "run", run)
    with pytest.raises(RuntimeError):
        await replay_due(pool, 4, replay, registers, NOON)
    assert concurrent == [None]
    assert await populated.fetch("select failed from segments.replay") == [("RuntimeError",)]
    assert await replay_due(pool, 4, replay, registers, NOON) is None


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
        assert await read_due(pool, 4, schema, read_all) is None, "one at a time"
        raise interruption

    async def read_all() -> int:
        seen.append("read")
        return 7

    async def after_replay(from_kafka: bool) -> None:
        seen.append(f"repaired, from Kafka: {from_kafka}")

    with pytest.raises(type(interruption)):
        await read_due(pool, 4, schema, interrupted_read)
    assert await replay_due(pool, 4, segments_store.REPLAY, populated.registers, NOON, after_replay) is None, (
        "not read yet"
    )
    assert [await read_due(pool, 4, schema, read_all) for _ in range(2)] == [7, None]
    assert await replay_due(pool, 4, segments_store.REPLAY, populated.registers, NOON, after_replay) is not None
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
        await replay_due(pool, 4, replay, registers, NOON)
    assert await populated.fetch("select started_at is not null, ended_at is null from segments.replay") == [
        (True, True)
    ]
    assert await replay_due(pool, 4, replay, registers, NOON) is not None


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
                await replay_due(pool, 4, replay, registers, NOON)
        assert not await last_failed(pool, "segments")
        with pytest.raises(ReplayAbandonedError, match="was interrupted 3 times"):
            await replay_due(pool, 4, replay, registers, NOON)
        assert await replay_due(pool, 4, replay, registers, NOON) is None
    assert calls == ATTEMPTS
    assert await populated.fetch("select failed from segments.replay") == [("interrupted 3 times",)]
    assert await last_failed(pool, "segments")
    await pool.execute("insert into segments.replay (repairs) values (false)")
    assert await replay_due(pool, 4, replay, registers, NOON) is not None
    assert not await last_failed(pool, "segments")


@pytest.mark.parametrize("interruption", [asyncio.CancelledError(), ConnectionResetError()])
async def test_restarts_and_outages_do_not_count_as_attempts(
    populated: segments_harness.Store, interruption: BaseException
) -> None:
    await populated.pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def interrupted_read() -> int:
        raise interruption

    for _ in range(ATTEMPTS + 1):
        with pytest.raises(type(interruption)):
            await read_due(populated.pool, 4, "segments", interrupted_read)
    assert await populated.fetch("select attempts, ended_at is null from segments.replay") == [(0, True)]


async def test_failed_read_from_kafka_is_recorded(populated: segments_harness.Store) -> None:
    await populated.pool.execute("insert into segments.replay (repairs, from_kafka) values (true, true)")

    async def read() -> int:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await read_due(populated.pool, 4, "segments", read)
    assert await populated.fetch("select failed, records from segments.replay") == [("RuntimeError", None)]
    assert await read_due(populated.pool, 4, "segments", read) is None


async def test_callback_runs_after_a_replay_but_not_after_an_audit(populated: segments_harness.Store) -> None:
    seen = list[bool]()

    async def after_replay(from_kafka: bool) -> None:
        seen.append(from_kafka)

    await populated.pool.execute("insert into segments.replay (repairs) values (false), (true)")
    for _ in range(2):
        assert await replay_due(populated.pool, 4, segments_store.REPLAY, populated.registers, NOON, after_replay)
    assert seen == [False]


NIGHT = datetime(2026, 3, 2, 1, tzinfo=UTC)  # 3:00 in Finland


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
def test_audit_is_due_once_a_night(last: datetime | None, now: datetime, due: bool) -> None:
    assert audit_is_due(last, now) is due
