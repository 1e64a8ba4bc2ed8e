"""The process of a publisher on a real PostgreSQL server: one at a time, whole publications, priority and end."""

import asyncio
import contextlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from shared.postgres.lock import SERVICE_NUMBERS
from shared.publication import replace
from shared.publication.__main__ import connect
from shared.publication.priority import NICE, SESSION_NICE
from shared.publication.publish import LOCK, publish
from tests.product import Database
from tests.replica import wait_until
from tests.store.publisher_harness import HOUR, PublisherHarness, harness
from tests.store.test_nps_store import Store, answered, nps, pool, registers
from tests.store.test_publication import NOW, UNIT, family, fill, reader, rows

__all__ = ["family", "harness", "nps", "pool", "reader", "registers"]


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


def publisher_pids() -> list[int]:
    """The processes of running publishers."""
    found = []
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # one that has ended
            if "shared.publication" in process.cmdline():
                found.append(process.pid)
    return found


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

        async def publisher_count_is(number: int) -> bool:
            return bool(await admin.fetchval(publishing, database.name) == number)

        await wait_until(lambda: publisher_count_is(0), "the first publisher has disconnected", 60)
        running = asyncio.create_task(harness.run())
        await wait_until(lambda: publisher_count_is(1), "a publisher is connected", 60)
        (pid,) = publisher_pids()
        assert_yields_to_others(pid)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await wait_until(lambda: publisher_count_is(0), "the publisher has ended", 60)
    await owner.close()
    await admin.close()
    assert await rows(reader, "report", "nps") == before
