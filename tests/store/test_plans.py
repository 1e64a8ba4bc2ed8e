"""Query plans of writers read only what the batch needs, whatever the planner assumes about the tables.

Every statement of a commit is explained when it is sent. Statistics are missing, were collected on empty tables, or are
out of date. A plan that scans all rows of a county would become slower with every stored fact.
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
    CLIENTS_WITH_HISTORY,
    COUNTY,
    FCR,
    NPS,
    SEGMENTS,
    Family,
    StatementLog,
    commit_histories,
    commits,
    county_scans,
    log_statements,
    nodes,
    writer,
)

FAMILIES_WITH_LABELS = (NPS, FCR)


@pytest.fixture(params=FAMILIES_WITH_LABELS, ids=lambda family: family.schema)
def family(request: pytest.FixtureRequest) -> Family:
    found: Family = request.param
    return found


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, family: Family) -> StatementLog:
    return log_statements(monkeypatch, family.schema)


@pytest.mark.parametrize("analysed", [None, 0, 1, 5], ids=["never", "empty", "after one batch", "after five"])
async def test_statements_of_commits_do_not_scan_a_county(
    database: Database, family: Family, log: StatementLog, analysed: int | None
) -> None:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    async with writer(database, family) as pool:
        write, persons = commits(family, pool)
        for number in range(8):
            if number == analysed:
                await admin.execute(f"analyze {family.analysed_tables}")
            facts = family.facts(str(number))
            await write(facts)
            await write(facts[: BATCH // 2])
            await commit_histories(family, pool, number + 1)
        await persons(Erasure(COUNTY, CLIENTS[0].decode()))
    await admin.close()
    assert log.scans == []
    for part in ("_day as bucket", "_month as bucket", ".erased", "update ", "insert into ", *HISTORY_STATEMENTS):
        assert any(part in statement for statement in log.statements), part


HISTORY_STATEMENTS = (".membership as known", "lateral unnest(fact.firsts", "<> exists")
"""Parts of the statements that store histories, look them up and find the facts that they relabel."""


async def test_histories_relabel_facts(database: Database, family: Family) -> None:
    """The other tests cover relabelling only if the histories have facts to relabel."""
    async with writer(database, family) as pool:
        facts = family.facts("0")
        await commits(family, pool)[0](facts)
        for version, expected in ((1, {"multidisciplinary"}), (2, {"other"})):
            await commit_histories(family, pool, version, {fact.county for fact in facts})
            for table in family.labelled_tables:
                rows = await pool.fetch(f"select segment from {table} where own_client = any($1)", CLIENTS_WITH_HISTORY)
                assert {row["segment"] for row in rows} == expected


@pytest.mark.parametrize("batches", [1, 4])
async def test_county_that_is_missing_from_statistics_is_not_scanned(
    database: Database, family: Family, log: StatementLog, batches: int
) -> None:
    """The planner assumes that the county has no rows, so all indexes that begin with the county seem equally good."""
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    async with writer(database, family) as pool:
        write, _ = commits(family, pool)
        for number in range(2 * batches):
            if number == batches:
                await admin.execute(f"analyze {family.analysed_tables}")
            facts = family.facts(str(number))
            await write([fact for fact in facts if fact.county == COUNTY or number >= batches])
            await write(facts[: BATCH // 2] if number >= batches else [])
            await commit_histories(
                family, pool, number + 1, {fact.county for fact in facts} if number >= batches else [COUNTY]
            )
    await admin.close()
    assert log.scans == []


@pytest.mark.parametrize("family", [FCR], indirect=True, ids=["fcr"])
async def test_commits_of_contacts_include_the_link_statements(
    database: Database, log: StatementLog, family: Family
) -> None:
    """The tests above cover links only if neighbours are found and updated."""
    async with writer(database, family) as pool:
        write, _ = commits(family, pool)
        for number in range(3):
            await write(family.facts(str(number)))
        linked = await pool.fetchval("select count(*) from fcr.contact where repeats_within is not null")
    assert linked > 100
    for part in ("fcr.least_window", "set unit_row = revised", "fcr.client (county", "fcr.stale (county"):
        assert any(part in statement for statement in log.statements), part


async def test_plain_join_would_scan_the_county(database: Database, family: Family) -> None:
    """Without statistics, an update with a plain join is planned as a scan, and `county_scans` finds it."""
    async with writer(database, family) as pool:
        write, _ = commits(family, pool)
        for number in range(4):
            await write(family.facts(str(number)))
        ids = [fact.id for fact in family.facts("0")]
        answer = await pool.fetchval(f"explain (verbose, format json) {family.naive_update}", COUNTY, ids)
    assert list(county_scans(json.loads(answer)[0]["Plan"], family.schema))


async def test_search_for_stale_periods_does_not_scan_the_calendar(database: Database) -> None:
    """The search runs twice a second, mostly without a result: one calendar row is read for each stale period."""
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
async def test_care_merges_and_erasures_do_not_scan_a_county(
    database: Database, family: Family, log: StatementLog, analysed: int | None
) -> None:
    """Facts that begin and end memberships, persons that are merged, and one that is erased."""
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    async with writer(database, family) as pool:
        write, persons = commits(family, pool)
        for number in range(6):
            if number == analysed:
                await admin.execute(f"analyze {family.analysed_tables}")
            facts = family.facts(str(number))
            await write(facts)
            pair = (client.decode() for client in CLIENTS[2 * number : 2 * number + 2])
            await persons(Merge(COUNTY, f"m{number}", b"r", False, *pair))
        await persons(Erasure(COUNTY, CLIENTS[0].decode()))
        members = await pool.fetchval("select count(*) from segments.membership")
    await admin.close()
    assert members > 0 and log.scans == []
    parts = ("recursive connected", "update segments.client", "segments.history", "dense_rank", "care_day as bucket")
    for part in parts:
        assert any(part in statement for statement in log.statements), part
