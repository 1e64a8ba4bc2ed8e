"""Nightly audits: each county once a night, the longest unaudited first, by one replica, and again after a crash."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.segments import store as segments_store
from shared.postgres.audit_due import Audited, audit_due, night_of
from shared.postgres.lease import Leases, unshared
from shared.postgres.replay import Findings
from shared.postgres.replay_due import ATTEMPTS, ReplayAbandonedError, last_state
from tests.product import Database
from tests.store import segments_harness
from tests.store.segments_harness import event

NIGHT = datetime(2026, 3, 2, 1, tzinfo=UTC)  # 3:00 in Finland
NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)
COUNTIES = ["oma-hame", "pirha", "vantaa-kerava"]
REPLAY = segments_store.REPLAY


@pytest.fixture
async def populated(segments: segments_harness.Store) -> segments_harness.Store:
    """A store with a fact in each county."""
    await segments.feed(*(event("a", county=county) for county in COUNTIES))
    return segments


async def audit(
    store: segments_harness.Store, now: datetime = NIGHT + timedelta(minutes=5), hold: Any = unshared
) -> Audited | None:
    return await audit_due(store.pool, hold, REPLAY, store.registers, now)


async def counties_until_done(store: segments_harness.Store, now: datetime) -> list[str]:
    found = []
    while audited := await audit(store, now):
        found.append(audited.county)
    return found


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    async def fail(*_: Any) -> Findings:
        raise error

    monkeypatch.setattr(REPLAY.__class__, "audit_county", fail)


@pytest.mark.parametrize(
    ("now", "night"),
    [
        (NIGHT, NIGHT),
        (NIGHT - timedelta(seconds=1), None),
        (NOON, None),
        (NIGHT + timedelta(hours=3, seconds=-1), NIGHT),
        (NIGHT + timedelta(hours=3), None),
    ],
)
def test_night_is_from_three_to_six_in_finland(now: datetime, night: datetime | None) -> None:
    assert night_of(now) == night


async def test_every_county_is_audited_once_a_night(populated: segments_harness.Store) -> None:
    assert await counties_until_done(populated, NOON) == []
    assert await counties_until_done(populated, NIGHT) == COUNTIES
    assert await counties_until_done(populated, NIGHT + timedelta(hours=2)) == []
    assert await counties_until_done(populated, NIGHT + timedelta(days=1)) == COUNTIES
    rows = await populated.fetch("select county, facts, failed from segments.audit order by county")
    assert rows == [(county, 3, None) for county in COUNTIES], "a fact, its client and its person"


async def test_short_night_is_continued_the_next_night(populated: segments_harness.Store) -> None:
    first = await audit(populated)
    assert first is not None and first.county == COUNTIES[0]
    assert await counties_until_done(populated, NIGHT + timedelta(days=1)) == [*COUNTIES[1:], COUNTIES[0]]


async def test_county_that_another_replica_audits_is_skipped(
    populated: segments_harness.Store, database: Database
) -> None:
    first, second = (Leases(database.dsn("hva_segments"), "segments") for _ in range(2))
    async with first.hold("audit", COUNTIES[0]) as held:
        assert held
        audited = await audit(populated, hold=second.hold)
    assert audited is not None and audited.county == COUNTIES[1]
    for leases in (first, second):
        await leases.close()


async def test_county_is_audited_when_it_is_refolded(populated: segments_harness.Store) -> None:
    await populated.pool.execute("update segments.refold set registers = 'older' where county = $1", COUNTIES[0])
    assert await counties_until_done(populated, NIGHT) == COUNTIES[1:]


async def test_what_is_wrong_is_added_up_until_the_next_audit_or_replay(populated: segments_harness.Store) -> None:
    damage = "update segments.care_month set events = events + 2 where events > 0 and county = $1"
    for county in COUNTIES[:2]:
        await populated.pool.execute(damage, county)
    await counties_until_done(populated, NIGHT)
    wrong, failed = await last_state(populated.pool, "segments")
    assert wrong >= 2 and not failed
    insert = "insert into segments.replay (repairs, ended_at, wrong_cells) values (true, clock_timestamp(), 40)"
    await populated.pool.execute(insert)
    assert await last_state(populated.pool, "segments") == (40, False), "the replay was of all counties"
    await audit(populated, NIGHT + timedelta(days=1))
    assert await last_state(populated.pool, "segments") == (40 + wrong // 2, False)
    await populated.pool.execute(
        "update segments.care_month set events = events - 2 where county = any($1)", COUNTIES[:2]
    )
    await counties_until_done(populated, NIGHT + timedelta(days=2))
    assert await last_state(populated.pool, "segments") == (0, False)


async def test_failed_audit_is_reported_and_due_the_next_night(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        fail_with(patch, RuntimeError("with a value"))
        await audit(populated)
    assert await populated.fetch("select failed from segments.audit") == [("RuntimeError",)]
    assert await last_state(populated.pool, "segments") == (0, True)
    assert await counties_until_done(populated, NIGHT + timedelta(hours=1)) == COUNTIES[1:]
    await counties_until_done(populated, NIGHT + timedelta(days=1))
    assert await last_state(populated.pool, "segments") == (0, False)


@pytest.mark.parametrize("end", [SystemExit(), ConnectionResetError()])
async def test_audit_that_crashes_the_service_is_abandoned_for_the_night(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    """SystemExit stands for a crash, which stores nothing."""
    with monkeypatch.context() as patch:
        fail_with(patch, end)
        for _ in range(ATTEMPTS):
            with pytest.raises(type(end)):
                await audit(populated)
    with pytest.raises(ReplayAbandonedError):
        await audit(populated)
    assert await last_state(populated.pool, "segments") == (0, True)
    assert await counties_until_done(populated, NIGHT + timedelta(hours=1)) == COUNTIES[1:]
    assert set(await counties_until_done(populated, NIGHT + timedelta(days=1))) == set(COUNTIES)


async def test_stopped_audit_does_not_count_as_an_attempt(
    populated: segments_harness.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail_with(patch, asyncio.CancelledError())
        for _ in range(ATTEMPTS + 1):
            with pytest.raises(asyncio.CancelledError):
                await audit(populated)
    audited = await audit(populated)
    assert audited is not None and audited.county == COUNTIES[0]
