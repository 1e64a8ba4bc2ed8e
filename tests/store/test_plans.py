"""No plan of a writer reads more than its batch, whatever the planner believes about the tables.

Every statement of a commit is explained as it is sent. Statistics are missing, were taken on empty tables, or when
the tables looked otherwise; a plan that follows from them and reads a county costs what the history costs.
"""

import json

import asyncpg
import pytest

from services.fcr.cells import _STALE
from shared.person import Erasure, Merge
from tests.product import Database
from tests.store.plans import (
    BATCH,
    CLIENTS,
    COUNTY,
    FCR,
    NPS,
    SEGMENTS,
    TOLD,
    Family,
    Watch,
    commits,
    nodes,
    reads_a_county,
    tell,
    watching,
    writer,
)

LABELLED = (NPS, FCR)


@pytest.fixture(params=LABELLED, ids=lambda family: family.schema)
def family(request: pytest.FixtureRequest) -> Family:
    found: Family = request.param
    return found


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, family: Family) -> Watch:
    return watching(monkeypatch, family.schema)


@pytest.mark.parametrize("analysed", [None, 0, 1, 5], ids=["never", "empty", "after one batch", "after five"])
async def test_every_statement_of_a_commit_probes(
    database: Database, family: Family, watch: Watch, analysed: int | None
) -> None:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    async with writer(database, family) as pool:
        write, persons = commits(family, pool)
        for number in range(8):
            if number == analysed:
                await admin.execute(f"analyze {family.analysed}")
            facts = family.facts(str(number))
            await write(facts)
            await write(facts[: BATCH // 2])
            await tell(family, pool, number + 1)
        await persons(Erasure(COUNTY, CLIENTS[0].decode()))
    await admin.close()
    assert watch.scans == []
    for part in ("_day as bucket", "_month as bucket", ".erased", "update ", "insert into ", *OF_HISTORIES):
        assert any(part in statement for statement in watch.statements), part


OF_HISTORIES = (".membership as known", "lateral unnest(fact.firsts", "<> exists")
"""Statements that keep histories, look them up and look for what they relabel."""


async def test_histories_relabel_facts(database: Database, family: Family) -> None:
    """Else the tests around this one say little of it."""
    async with writer(database, family) as pool:
        facts = family.facts("0")
        await commits(family, pool)[0](facts)
        for version, found in ((1, {"multidisciplinary"}), (2, {"other"})):
            await tell(family, pool, version, {fact.county for fact in facts})
            for table in family.labelled:
                rows = await pool.fetch(f"select segment from {table} where own_client = any($1)", TOLD)
                assert {row["segment"] for row in rows} == found


@pytest.mark.parametrize("batches", [1, 4])
async def test_a_county_that_statistics_know_nothing_of(
    database: Database, family: Family, watch: Watch, batches: int
) -> None:
    """It has no rows, thinks the planner, and any index that begins with the county looks as good as another."""
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    async with writer(database, family) as pool:
        write, _ = commits(family, pool)
        for number in range(2 * batches):
            if number == batches:
                await admin.execute(f"analyze {family.analysed}")
            facts = family.facts(str(number))
            await write([fact for fact in facts if fact.county == COUNTY or number >= batches])
            await write(facts[: BATCH // 2] if number >= batches else [])
            await tell(family, pool, number + 1, {fact.county for fact in facts} if number >= batches else [COUNTY])
    await admin.close()
    assert watch.scans == []


@pytest.mark.parametrize("family", [FCR], indirect=True, ids=["fcr"])
async def test_the_statements_of_links_are_among_them(database: Database, watch: Watch, family: Family) -> None:
    """Neighbours were looked for, found and rewritten: else the test above says little of them."""
    async with writer(database, family) as pool:
        write, _ = commits(family, pool)
        for number in range(3):
            await write(family.facts(str(number)))
        linked = await pool.fetchval("select count(*) from fcr.contact where repeats_within is not null")
    assert linked > 100
    for part in ("fcr.least_window", "set unit_row = revised", "fcr.client (county", "fcr.stale (county"):
        assert any(part in statement for statement in watch.statements), part


async def test_a_plain_join_would_read_the_county(database: Database, family: Family) -> None:
    """What the test above would see: without statistics, the same question asked plainly is a scan."""
    async with writer(database, family) as pool:
        write, _ = commits(family, pool)
        for number in range(4):
            await write(family.facts(str(number)))
        ids = [fact.id for fact in family.facts("0")]
        answer = await pool.fetchval(f"explain (verbose, format json) {family.plain}", COUNTY, ids)
    assert list(reads_a_county(json.loads(answer)[0]["Plan"], family.schema))


async def test_looking_for_stale_periods_reads_no_calendar(database: Database) -> None:
    """It is asked twice a second, mostly in vain: one probe of the calendar for each stale period, else none."""
    family = FCR
    async with writer(database, family) as pool:
        for facts in ([], family.facts("0")):
            await commits(family, pool)[0](facts)
            stale = await pool.fetchval("select count(*) from fcr.stale")
            answer = json.loads(await pool.fetchval(f"explain (analyze, format json) {_STALE}"))[0]["Plan"]
            (calendar,) = [node for node in nodes(answer) if node.get("Relation Name") == "period"]
            assert calendar["Actual Rows"] * calendar["Actual Loops"] == stale and bool(stale) == bool(facts)


@pytest.mark.parametrize("family", [SEGMENTS], indirect=True, ids=["segments"])
@pytest.mark.parametrize("analysed", [None, 0, 1], ids=["never", "empty", "after one batch"])
async def test_care_merges_and_erasures_probe(
    database: Database, family: Family, watch: Watch, analysed: int | None
) -> None:
    """Facts that make and end memberships, persons that are joined, and one that goes."""
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    async with writer(database, family) as pool:
        write, persons = commits(family, pool)
        for number in range(6):
            if number == analysed:
                await admin.execute(f"analyze {family.analysed}")
            facts = family.facts(str(number))
            await write(facts)
            pair = (client.decode() for client in CLIENTS[2 * number : 2 * number + 2])
            await persons(Merge(COUNTY, f"m{number}", b"r", False, *pair))
        await persons(Erasure(COUNTY, CLIENTS[0].decode()))
        members = await pool.fetchval("select count(*) from segments.membership")
    await admin.close()
    assert members > 0 and watch.scans == []
    parts = ("recursive connected", "update segments.client", "segments.history", "dense_rank", "care_day as bucket")
    for part in parts:
        assert any(part in statement for statement in watch.statements), part
