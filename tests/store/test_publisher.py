"""The publisher of a family on a real PostgreSQL: what is due, what was asked for, and what goes wrong."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from shared.postgres.lock import SERVICE_NUMBERS
from shared.publication import swap
from shared.publication.due import known
from shared.publication.metrics import PublicationMetrics
from shared.publication.protection import Protected
from shared.publication.publish import LOCK, protect_snapshot, publish
from shared.publication.publisher import PublicationError, Publisher, publish_in_process
from shared.publication.snapshot import Snapshot, Unit
from tests.product import Database
from tests.replica import until
from tests.store.test_nps_store import START, Store, answered, nps, pool, registers
from tests.store.test_publication import NOW, UNIT, family, fill, reader, rows

__all__ = ["family", "nps", "pool", "reader", "registers"]

HOUR = timedelta(hours=1)


class Stage:
    """A publisher whose clock the test sets, and that says what it published."""

    def __init__(self, database: Database, pool: Any) -> None:
        self.now, self.done, self.registry = NOW, list[Unit](), CollectorRegistry()
        self.in_process = publish_in_process(database.dsn("hva_nps"))
        metrics = PublicationMetrics("nps", self.registry, lambda: self.now)
        logger = logging.getLogger("test")
        self.publisher = Publisher("nps", pool, self._publish, metrics, HOUR, logger, lambda: self.now)

    async def _publish(self, family: str, unit: Unit, now: datetime) -> bool:
        self.done.append(unit)
        return await self.in_process(family, unit, now)

    async def run(self) -> list[Unit]:
        """One turn: what was published in it."""
        self.done = []
        await self.publisher.run()
        return self.done

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"service": "nps", **labels})


@pytest.fixture
def stage(database: Database, pool: Any) -> Stage:
    return Stage(database, pool)


async def test_what_is_due_is_published_once(nps: Store, stage: Stage, reader: Any) -> None:
    await fill(nps)
    await nps.feed(*(answered(f"old{n}", at=START - timedelta(days=400)) for n in range(12)))
    past = Unit("oma-hame", 2025)
    first = await stage.run()
    assert set(first) >= {UNIT, past} and first.index(UNIT) < first.index(past)
    assert await stage.run() == []
    await nps.feed(answered("late", at=START - timedelta(days=400)), answered("new"))
    stage.now += HOUR
    assert past in (again := await stage.run()) and len(again) == len({unit.county for unit in first}) + 1
    county = (await rows(reader, "report", "nps"))["oma-hame", "year", "2025", "county", "oma-hame", "all", "all"]
    assert (county["n"], county["published_at"]) == (13, stage.now)
    assert stage.metric("hva_publication_age_seconds", county="oma-hame") == 0
    stage.now += HOUR / 2
    assert stage.metric("hva_publication_age_seconds", county="oma-hame") == 1800
    assert (stage.metric("hva_publication_rows", county="oma-hame") or 0) > 0
    assert (stage.metric("hva_publication_hidden_ratio", county="oma-hame") or 0) > 0


async def test_a_year_and_periods_that_have_not_begun_are_not_published(nps: Store, stage: Stage, reader: Any) -> None:
    await fill(nps, 7)
    stage.now = START + timedelta(days=1, hours=1)  # the clock of before was far ahead
    await stage.run()
    assert {row["period"] for row in await reader.fetch("select period from report.nps")} == {
        *("2026", "2026Q1", "2026-03", "2026-03-01", "2026-03-02")
    }
    stage.now = START - timedelta(days=200)
    await stage.run()
    assert {row["year"] for row in await reader.fetch("select year from report.publication")} == {2025, 2026}
    assert not await reader.fetch("select from report.nps where period like '2025%'")


async def test_a_county_without_data_is_published_as_empty(stage: Stage, reader: Any) -> None:
    await stage.run()
    (row,) = await reader.fetch("select * from report.publication where county = 'oma-hame'")
    assert (row["family"], row["year"], row["rows"], row["hidden"]) == ("nps", 2026, 0, 0)
    assert row["published_at"] == NOW and not await reader.fetch("select from report.nps")


async def test_a_request_is_done_with_its_progress(nps: Store, stage: Stage, pool: Any, database: Database) -> None:
    await fill(nps)
    await stage.run()
    steward = await asyncpg.connect(database.dsn("hva_steward"))
    await steward.execute("insert into nps.publication_request (county, year) values ('oma-hame', 2026)")
    stage.now += timedelta(minutes=1)
    assert await stage.run() == [UNIT]
    row = await steward.fetchrow("select * from nps.publication_request")
    assert row is not None and (row["done"], row["total"], row["failed"]) == (1, 1, None)
    assert row["started_at"] <= row["ended_at"]
    await steward.close()


async def test_while_another_publisher_is_at_work_nothing_is_published(
    nps: Store, stage: Stage, family: Any, database: Database
) -> None:
    await fill(nps)
    await family.fetchval("select pg_advisory_lock($1, $2)", LOCK, SERVICE_NUMBERS["nps"])
    assert await stage.run() == []
    other = await asyncpg.connect(database.dsn("hva_nps"))
    try:
        assert not await publish(other, "nps", UNIT, NOW)
    finally:
        await other.close()
    await family.close()  # as its death does
    assert UNIT in await stage.run()


async def test_a_publisher_that_dies_leaves_the_older_publication(
    nps: Store, stage: Stage, reader: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(nps)
    await stage.run()
    before = await rows(reader, "report", "nps")
    await nps.feed(*(answered(f"more{n}") for n in range(20)))
    dying = await asyncpg.connect(database.dsn("hva_nps"))

    async def die(*_: object) -> None:
        dying.terminate()
        raise ConnectionError

    monkeypatch.setattr(swap, "_write_codes", die)  # the rows are written by then
    with pytest.raises((ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await publish(dying, "nps", UNIT, NOW + HOUR)
    assert await rows(reader, "report", "nps") == before
    stage.now += 2 * HOUR
    assert UNIT in await stage.run()
    assert await rows(reader, "report", "nps") != before


async def test_a_failure_is_said_and_tried_again_later(
    nps: Store, stage: Stage, family: Any, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsafe(_: Snapshot) -> Protected:
        raise ValueError("a publication cannot be made safe")

    with pytest.raises(ValueError, match="safe"):
        await publish(family, "nps", UNIT, NOW, unsafe)
    assert not await reader.fetch("select from report.nps")

    async def fail(*_: object) -> bool:
        raise PublicationError("ValueError")

    whole, stage.in_process = stage.in_process, fail
    assert UNIT in await stage.run()
    assert UNIT not in await stage.run()
    assert (stage.metric("hva_publication_failures_total") or 0) > 0
    said = "select failure, failed_at, published_at from report.publication where county = 'oma-hame'"
    assert [tuple(row) for row in await reader.fetch(said)] == [("ValueError", NOW, None)]
    stage.in_process = whole
    assert await publish(family, "nps", UNIT, NOW)
    (row,) = await reader.fetch("select failure, published_at from report.publication where county = 'oma-hame'")
    assert tuple(row) == (None, NOW)


async def test_a_unit_that_becomes_sensitive_is_due_at_once(
    nps: Store, stage: Stage, database: Database, pool: Any
) -> None:
    await fill(nps)
    await stage.run()
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    await owner.execute("update reference.register_version set version = 'other' where part = 'registers'")
    assert UNIT in await stage.run()  # once while facts are on their way to the registers
    assert await stage.run() == []
    await owner.execute("update nps.refold set registers = 'other'")
    assert UNIT in await stage.run()  # and once when they are there
    assert await stage.run() == []
    await owner.close()


async def test_a_reader_sees_one_publication_or_the_next(nps: Store, family: Any, reader: Any) -> None:
    await fill(nps, 7)
    await publish(family, "nps", UNIT, NOW)
    times = "select published_at from report.nps union select published_at from report.response"
    seen, stop = list[set[datetime]](), asyncio.Event()

    async def look() -> None:
        while not stop.is_set():
            seen.append({row["published_at"] for row in await reader.fetch(times)})

    looking = asyncio.create_task(look())
    for hour in range(1, 6):
        await publish(family, "nps", UNIT, NOW + hour * HOUR)

    async def saw_the_last() -> bool:
        return seen[-1] == {NOW + 5 * HOUR}

    await until(saw_the_last, "the reader sees the last publication", 30)
    stop.set()
    await looking
    assert {len(times) for times in seen} == {1}


async def test_change_numbers_say_what_was_touched(nps: Store, pool: Any) -> None:
    await nps.feed(answered("r"))
    async with pool.acquire() as connection:
        (before,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
        await nps.feed(answered("r"))
        (same,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
        await nps.feed(answered("r", 2, score=1))
        (after,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
    assert (before, same, after) == (1, 1, 2)
    assert protect_snapshot(Snapshot({}, [], frozenset(), 0, "")).rows == {}


async def test_a_publisher_ends_with_the_service_that_started_it(
    nps: Store, stage: Stage, reader: Any, database: Database
) -> None:
    await fill(nps)
    await stage.run()
    before = await rows(reader, "report", "nps")
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    admin = await asyncpg.connect(database.admin)  # sees what others do
    publishing = "select count(*) from pg_stat_activity where datname = $1 and application_name = 'hva-nps-publisher'"
    async with owner.transaction():
        await owner.execute("lock table report.statement in share mode")  # the swap waits, halfway through
        stage.now += HOUR
        running = asyncio.create_task(stage.run())

        async def publishers(number: int) -> bool:
            return bool(await admin.fetchval(publishing, database.name) == number)

        await until(lambda: publishers(1), "a publisher is at work", 60)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await until(lambda: publishers(0), "the publisher is gone", 60)
    await owner.close()
    await admin.close()
    assert await rows(reader, "report", "nps") == before
