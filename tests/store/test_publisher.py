"""The publisher of a family on a real PostgreSQL server: due publications, requests and failures."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared.publication.due import known
from shared.publication.protection import Protected
from shared.publication.publish import protect_snapshot, publish
from shared.publication.publisher import PublicationError
from shared.publication.snapshot import CountyYear, Snapshot
from tests.product import Database
from tests.store.publisher_harness import HOUR, PublisherHarness, harness
from tests.store.test_nps_store import START, Store, answered, nps, pool, registers
from tests.store.test_publication import NOW, UNIT, family, fill, reader, rows

__all__ = ["family", "harness", "nps", "pool", "reader", "registers"]


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
    assert protect_snapshot(Snapshot({}, [], frozenset(), 0, "")) == Protected({}, frozenset(), [])


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


async def test_change_number_grows_only_with_a_change(nps: Store, pool: Any) -> None:
    await nps.feed(answered("r"))
    async with pool.acquire() as connection:
        (before,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
        await nps.feed(answered("r"))
        (same,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
        await nps.feed(answered("r", 2, score=1))
        (after,) = [r["change_number"] for r in await known(connection, "nps", NOW) if r["county"] == "oma-hame"]
    assert (before, same, after) == (1, 1, 2)
