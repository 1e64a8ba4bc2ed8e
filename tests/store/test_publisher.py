"""The publisher of a family on a real PostgreSQL server: due publications, requests and failures."""

import asyncio
import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from prometheus_client import CollectorRegistry

from shared.postgres.lock import SERVICE_NUMBERS
from shared.publication import replace
from shared.publication.__main__ import connect
from shared.publication.due import known
from shared.publication.metrics import PublicationMetrics
from shared.publication.priority import NICE, SESSION_NICE
from shared.publication.protection import Protected
from shared.publication.publish import LOCK, protect_snapshot, publish
from shared.publication.publisher import PublicationError, Publisher, publish_in_process
from shared.publication.snapshot import CountyYear, Snapshot
from tests.product import Database
from tests.replica import wait_until
from tests.store.test_nps_store import START, Store, answered, nps, pool, registers
from tests.store.test_publication import NOW, UNIT, family, fill, reader, rows

__all__ = ["family", "nps", "pool", "reader", "registers"]

HOUR = timedelta(hours=1)


class PublisherHarness:
    """A publisher with a clock that the test sets. It records what it publishes."""

    def __init__(self, database: Database, pool: Any) -> None:
        self.now, self.published, self.registry = NOW, list[CountyYear](), CollectorRegistry()
        self.in_process = publish_in_process(database.dsn("hva_nps"))
        self.pool, self.metrics = pool, PublicationMetrics("nps", self.registry, lambda: self.now)
        logger = logging.getLogger("test")
        self.publisher = Publisher("nps", pool, self._publish, self.metrics, HOUR, logger, lambda: self.now)

    async def _publish(self, family: str, unit: CountyYear, now: datetime) -> bool:
        self.published.append(unit)
        return await self.in_process(family, unit, now)

    async def run(self) -> list[CountyYear]:
        """Run the publisher once. Returns what it published."""
        self.published = []
        await self.publisher.run()
        await self.metrics.refresh(self.pool)
        return self.published

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"service": "nps", **labels})


@pytest.fixture
def harness(database: Database, pool: Any) -> PublisherHarness:
    return PublisherHarness(database, pool)


async def test_due_years_are_published_once(nps: Store, harness: PublisherHarness, reader: Any) -> None:
    await fill(nps)
    await nps.feed(*(answered(f"old{n}", at=START - timedelta(days=400)) for n in range(12)))
    past = CountyYear("oma-hame", 2025)
    first = await harness.run()
    assert set(first) >= {UNIT, past} and first.index(UNIT) < first.index(past)
    assert await harness.run() == []
    await nps.feed(answered("late", at=START - timedelta(days=400)), answered("new"))
    harness.now += HOUR
    assert past in (again := await harness.run()) and len(again) == len({unit.county for unit in first}) + 1
    county = (await rows(reader, "report", "nps"))["oma-hame", "year", "2025", "county", "oma-hame", "all", "all"]
    assert (county["n"], county["published_at"]) == (13, harness.now)
    assert harness.metric("hva_publication_age_seconds", county="oma-hame") == 0
    harness.now += HOUR / 2
    assert harness.metric("hva_publication_age_seconds", county="oma-hame") == 1800
    assert (harness.metric("hva_publication_rows", county="oma-hame") or 0) > 0
    assert (harness.metric("hva_publication_hidden_ratio", county="oma-hame") or 0) > 0


async def test_periods_that_have_not_begun_are_not_published(
    nps: Store, harness: PublisherHarness, reader: Any
) -> None:
    await fill(nps, 7)
    harness.now = START + timedelta(days=1, hours=1)
    await harness.run()
    assert {row["period"] for row in await reader.fetch("select period from report.nps")} == {
        *("2026", "2026Q1", "2026-03", "2026-03-01", "2026-03-02")
    }
    harness.now = START - timedelta(days=200)
    await harness.run()
    assert {row["year"] for row in await reader.fetch("select year from report.publication")} == {2025, 2026}
    assert not await reader.fetch("select from report.nps where period like '2025%'")


async def test_county_without_data_is_published_as_empty(harness: PublisherHarness, reader: Any) -> None:
    await harness.run()
    (row,) = await reader.fetch("select * from report.publication where county = 'oma-hame'")
    assert (row["family"], row["year"], row["rows"], row["hidden"]) == ("nps", 2026, 0, 0)
    assert row["published_at"] == NOW and not await reader.fetch("select from report.nps")


async def test_request_is_processed_and_shows_its_progress(
    nps: Store, harness: PublisherHarness, pool: Any, database: Database
) -> None:
    await fill(nps)
    await harness.run()
    steward = await asyncpg.connect(database.dsn("hva_steward"))
    await steward.execute("insert into nps.publication_request (county, year) values ('oma-hame', 2026)")
    harness.now += timedelta(minutes=1)
    assert await harness.run() == [UNIT]
    row = await steward.fetchrow("select * from nps.publication_request")
    assert row is not None and (row["done"], row["total"], row["failed"]) == (1, 1, None)
    assert row["started_at"] <= row["ended_at"]
    await steward.close()


async def test_nothing_is_published_while_another_publisher_has_the_lock(
    nps: Store, harness: PublisherHarness, family: Any, database: Database
) -> None:
    await fill(nps)
    await family.fetchval("select pg_advisory_lock($1, $2)", LOCK, SERVICE_NUMBERS["nps"])
    assert await harness.run() == []
    other = await asyncpg.connect(database.dsn("hva_nps"))
    try:
        assert not await publish(other, "nps", UNIT, NOW)
    finally:
        await other.close()
    await family.close()  # releases the lock, as a crash does
    assert UNIT in await harness.run()


async def test_publisher_that_crashes_keeps_the_older_publication(
    nps: Store, harness: PublisherHarness, reader: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(nps)
    await harness.run()
    before = await rows(reader, "report", "nps")
    await nps.feed(*(answered(f"more{n}") for n in range(20)))
    crashing = await asyncpg.connect(database.dsn("hva_nps"))

    async def crash(*_: object) -> None:
        crashing.terminate()
        raise ConnectionError

    monkeypatch.setattr(replace, "_write_codes", crash)  # runs after the rows are written
    with pytest.raises((ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await publish(crashing, "nps", UNIT, NOW + HOUR)
    assert await rows(reader, "report", "nps") == before
    harness.now += 2 * HOUR
    assert UNIT in await harness.run()
    assert await rows(reader, "report", "nps") != before


async def test_failure_is_reported_and_retried_later(
    nps: Store, harness: PublisherHarness, family: Any, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsafe(_: Snapshot) -> Protected:
        raise ValueError("a publication cannot be made safe")

    with pytest.raises(ValueError, match="safe"):
        await publish(family, "nps", UNIT, NOW, unsafe)
    assert not await reader.fetch("select from report.nps")

    async def fail(*_: object) -> bool:
        raise PublicationError("ValueError")

    in_process, harness.in_process = harness.in_process, fail
    assert UNIT in await harness.run()
    assert UNIT not in await harness.run()
    assert (harness.metric("hva_publication_failures_total") or 0) > 0
    query = "select failure, failed_at, published_at from report.publication where county = 'oma-hame'"
    assert [tuple(row) for row in await reader.fetch(query)] == [("ValueError", NOW, None)]
    harness.in_process = in_process
    assert await publish(family, "nps", UNIT, NOW)
    (row,) = await reader.fetch("select failure, published_at from report.publication where county = 'oma-hame'")
    assert tuple(row) == (None, NOW)


async def test_changed_registers_make_publication_due_immediately(
    nps: Store, harness: PublisherHarness, database: Database, pool: Any
) -> None:
    await fill(nps)
    await harness.run()
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    await owner.execute("update reference.register_version set version = 'other' where part = 'registers'")
    assert UNIT in await harness.run()  # once while the refold is not finished
    assert await harness.run() == []
    await owner.execute("update nps.refold set registers = 'other'")
    assert UNIT in await harness.run()  # and once when it is finished
    assert await harness.run() == []
    await owner.close()


async def test_reader_sees_only_whole_publications(nps: Store, family: Any, reader: Any) -> None:
    await fill(nps, 7)
    await publish(family, "nps", UNIT, NOW)
    times = "select published_at from report.nps union select published_at from report.response"
    seen, stop = list[set[datetime]](), asyncio.Event()

    async def read_repeatedly() -> None:
        while not stop.is_set():
            seen.append({row["published_at"] for row in await reader.fetch(times)})

    reading = asyncio.create_task(read_repeatedly())
    for hour in range(1, 6):
        await publish(family, "nps", UNIT, NOW + hour * HOUR)

    async def last_is_seen() -> bool:
        return seen[-1] == {NOW + 5 * HOUR}

    await wait_until(last_is_seen, "the reader sees the last publication", 30)
    stop.set()
    await reading
    assert {len(times) for times in seen} == {1}


async def test_change_number_grows_only_with_a_change(nps: Store, pool: Any) -> None:
    await nps.feed(answered("r"))
    async with pool.acquire() as connection:
        (before,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
        await nps.feed(answered("r"))
        (same,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
        await nps.feed(answered("r", 2, score=1))
        (after,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
    assert (before, same, after) == (1, 1, 2)
    assert protect_snapshot(Snapshot({}, [], frozenset(), 0, "")) == Protected({}, frozenset(), [])


def publisher_pid() -> int:
    """The process of the running publisher."""
    (found,) = (p for p in psutil.Process().children() if "shared.publication" in p.cmdline())
    return found.pid


def assert_yields_to_others(pid: int) -> None:
    """Its nice value counts within its session, and that of the session among sessions."""
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + NICE, 19)
    assert os.getsid(pid) == pid
    session = Path(f"/proc/{pid}/autogroup")
    if session.exists():
        assert session.read_text().split()[-1] == str(SESSION_NICE)


async def test_publisher_has_one_server_process(database: Database) -> None:
    connection = await connect(database.dsn("hva_nps"), "nps")
    try:
        assert await connection.fetchval("show max_parallel_workers_per_gather") == "0"
        assert await connection.fetchval("show application_name") == "hva-nps-publisher"
    finally:
        await connection.close()


async def test_publisher_process_ends_with_its_service(
    nps: Store, harness: PublisherHarness, reader: Any, database: Database
) -> None:
    await fill(nps)
    await harness.run()
    before = await rows(reader, "report", "nps")
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    admin = await asyncpg.connect(database.admin)  # may see the sessions of other roles
    publishing = "select count(*) from pg_stat_activity where datname = $1 and application_name = 'hva-nps-publisher'"
    async with owner.transaction():
        await owner.execute("lock table report.statement in share mode")  # the replacement waits for this lock
        harness.now += HOUR
        running = asyncio.create_task(harness.run())

        async def publisher_count_is(number: int) -> bool:
            return bool(await admin.fetchval(publishing, database.name) == number)

        await wait_until(lambda: publisher_count_is(1), "a publisher is running", 60)
        assert_yields_to_others(publisher_pid())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await wait_until(lambda: publisher_count_is(0), "the publisher has ended", 60)
    await owner.close()
    await admin.close()
    assert await rows(reader, "report", "nps") == before
