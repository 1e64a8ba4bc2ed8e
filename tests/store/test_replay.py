"""A replay finds what somebody broke behind the services' backs, and puts it right; an audit only finds it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.fcr import store as fcr_store
from services.fcr.cells import Cells
from services.segments import store as segments_store
from shared.postgres.replay import Findings
from shared.postgres.replay_due import audit_is_due, last_wrong, read_due, replay_due
from tests.store import fcr_stage, segments_stage
from tests.store.fcr_stage import BERTTA, DAY, START, contact
from tests.store.segments_stage import event, flag, suuntima

NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
async def told(segments: segments_stage.Store) -> segments_stage.Store:
    """A little of everything."""
    await segments.feed(
        event("a"),
        event("b", "lapsiperheet", client=BERTTA),
        flag("f"),
        suuntima("s"),
        event("c", at=START + 3 * DAY, status="cancelled"),
    )
    return segments


def broken(findings: Findings) -> tuple[int, int]:
    return findings.wrong_facts, findings.wrong_cells


@pytest.mark.parametrize(
    ("harm", "wrong"),
    [
        ("update segments.care_month set events = events + 2 where sector = 'vastaanotto'", (0, 1)),
        ("delete from segments.suuntima_day", (0, 1)),
        (
            "insert into segments.care_day select county, day, 77, sector, event_class, 1, 0 from segments.care_day",
            (0, 2),
        ),
        ("update segments.service_event set segment = 'other' where id = 'a'", (1, 0)),
        ("update segments.service_event set unit_row = 5 where id = 'b'", (1, 0)),
        ("delete from segments.membership", (2, 2)),
    ],
)
async def test_what_is_broken_is_found_and_mended(
    told: segments_stage.Store, harm: str, wrong: tuple[int, int]
) -> None:
    pool, registers = told.pool, told.registers
    right = await _state(told)
    assert broken(await segments_store.REPLAY.audit(pool, registers)) == (0, 0)

    await pool.execute(harm)
    harmed = await _state(told)
    found = await segments_store.REPLAY.audit(pool, registers)
    assert sum(broken(found)) > 0
    assert await _state(told) == harmed, "an audit changes nothing"

    assert sum(broken(await segments_store.REPLAY.run(pool, registers))) > 0
    assert broken(await segments_store.REPLAY.audit(pool, registers)) == (0, 0)
    assert await _state(told) == right


async def _state(told: segments_stage.Store) -> tuple[Any, ...]:
    return await told.buckets(), await told.labels(), await told.members()


async def test_a_change_between_counting_and_mending_is_not_lost(
    told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told.pool.execute("update segments.care_month set events = events + 2")
    compare = segments_store.REPLAY.__class__._compare

    async def late(*arguments: Any) -> Any:
        found = await compare(*arguments)
        await told.feed(event("late"), event("a", "lapsiperheet", revision=2))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(segments_store.REPLAY.__class__, "_compare", late)
        await segments_store.REPLAY.run(told.pool, told.registers)
    assert broken(await segments_store.REPLAY.audit(told.pool, told.registers)) == (0, 0)


async def test_links_and_cells_of_contacts(fcr: fcr_stage.Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY), contact("c", START + 5 * DAY, client=BERTTA))
    await fcr.count()
    right = await fcr.links(), await fcr.buckets(), await fcr.cells()
    await fcr.pool.execute("update fcr.contact set repeated_within = null where id = 'a'")
    await fcr.pool.execute("update fcr.client_cell set clients = 7 where scope_level = 'county'")
    whole = replace(fcr_store.REPLAY, cells=Cells(fcr.pool).check)
    found = await whole.audit(fcr.pool, fcr.registers)
    assert found.wrong_facts == 1 and found.wrong_cells > 0

    await whole.run(fcr.pool, fcr.registers)
    await fcr.count()
    assert (await fcr.links(), await fcr.buckets(), await fcr.cells()) == right
    assert broken(await whole.audit(fcr.pool, fcr.registers)) == (0, 0)


async def test_cells_that_are_gone_altogether(fcr: fcr_stage.Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY))
    await fcr.count()
    right = await fcr.cells()
    await fcr.pool.execute("delete from fcr.client_cell; delete from fcr.revolving_cell")
    whole = replace(fcr_store.REPLAY, cells=Cells(fcr.pool).check)
    assert (await whole.audit(fcr.pool, fcr.registers)).wrong_cells > 0
    await whole.run(fcr.pool, fcr.registers)
    assert await fcr.cells() == right
    assert broken(await whole.audit(fcr.pool, fcr.registers)) == (0, 0)


async def test_it_is_asked_for_in_the_database(told: segments_stage.Store) -> None:
    pool, registers, replay = told.pool, told.registers, segments_store.REPLAY
    assert await replay_due(pool, 4, replay, registers, NOON) is None
    assert await last_wrong(pool, "segments") is None
    await pool.execute("update segments.care_month set events = events + 2 where sector = 'vastaanotto'")
    await pool.execute("insert into segments.replay (mends) values (false), (true), (false)")
    found = [await replay_due(pool, 4, replay, registers, NOON) for _ in range(4)]
    assert [one and broken(one) for one in found] == [(0, 1), (0, 1), (0, 0), None]
    rows = await told.all("select mends, wrong_cells, failed from segments.replay order by replay")
    assert rows == [(False, 1, None), (True, 1, None), (False, 0, None)]
    assert await last_wrong(pool, "segments") == 0


async def test_it_waits_until_the_facts_follow_the_registers(told: segments_stage.Store) -> None:
    pool, replay = told.pool, segments_store.REPLAY
    await pool.execute("insert into segments.replay (mends) values (false)")
    newer = told.registers.versioned({**told.registers.versions, "registers": "newer"})
    assert await replay_due(pool, 4, replay, newer, NOON) is None
    assert await replay_due(pool, 4, replay, told.registers, NOON) is not None


async def test_one_at_a_time_and_a_failure_is_told(told: segments_stage.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pool, registers, replay = told.pool, told.registers, segments_store.REPLAY
    await pool.execute("insert into segments.replay (mends) values (true)")
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
    await pool.execute("insert into segments.replay (mends, from_kafka) values (true, true)")

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
    await pool.execute("insert into segments.replay (mends) values (true)")

    async def stopped(*_: Any) -> Findings:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr(replay.__class__, "run", stopped)
        await replay_due(pool, 4, replay, registers, NOON)
    assert await told.all("select begun_at is not null, ended_at is null from segments.replay") == [(True, True)]
    assert await replay_due(pool, 4, replay, registers, NOON) is not None


async def test_a_reading_that_cannot_succeed_is_told(told: segments_stage.Store) -> None:
    await told.pool.execute("insert into segments.replay (mends, from_kafka) values (true, true)")

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

    await told.pool.execute("insert into segments.replay (mends) values (false), (true)")
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
