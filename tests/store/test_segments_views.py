"""Every view of the segments family against the oracle, cell by cell and at several times, and the sample's figures."""

import gzip
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio

from deploy.hva.explain import complete, evidence
from shared.postgres.bootstrap import ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate
from shared.postgres.registers import load
from shared.registers import load_folder
from tests import oracle
from tests.conftest import ServerUnderTest
from tests.oracle.care import Care
from tests.oracle.compare import COHORT_KEYS, SEGMENT_KEYS
from tests.product import SAMPLE, Database
from tests.store.segments_facts import fill

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)

TIMES = {
    "now": None,
    "of the sample": AS_OF,
    "before figures begin": datetime(2025, 2, 10, 12, tzinfo=UTC),
    "early": datetime(2025, 4, 1, 12, tzinfo=UTC),
    "in the middle of a period": datetime(2025, 11, 15, 12, tzinfo=UTC),
    "the last instant of a quarter": datetime(2026, 3, 31, 20, 59, 59, 999999, tzinfo=UTC),
    "the first instant of the next": datetime(2026, 3, 31, 21, tzinfo=UTC),
    "ahead": datetime(2027, 1, 15, tzinfo=UTC),
}
COHORTS = [
    ("2025Q1", "2025Q2"),
    ("2025Q2", "2025Q2"),
    ("2025-02-28", "2025-03"),
    ("2025", "2026"),
    ("2026Q2", "2026-05-04"),
    ("2024", "2025"),
    ("2025Q1", "2024"),
    ("2030", "2026"),
    ("2026-02", "2029"),
]


@cache
def material(source: str) -> tuple[Any, Care]:
    """Return the winning facts of the sample or of a generated stream, and what the oracle computes from them."""
    registers = oracle.load(SAMPLE / "config")
    if source == "sample":
        lines = gzip.decompress((SAMPLE / "events.jsonl.gz").read_bytes()).split(b"\n")
    else:
        lines = oracle.adversarial(int(source), 2500, SAMPLE / "config")
    accepted = [v for _, v in oracle.judge_all(lines, registers, AS_OF) if isinstance(v, oracle.Accepted)]
    facts = oracle.current(accepted, erasures=True)
    return facts, Care(facts, registers)


@dataclass
class Family:
    """The family's database; reads figures as the steward."""

    database: Database
    connection: Any

    async def load_source(self, source: str) -> Care:
        facts, care = material(source)
        service = await asyncpg.connect(self.database.dsn("hva_segments"))
        try:
            registers = load_folder(SAMPLE / "config")
            await load(service, registers)
            async with service.transaction():
                await fill(service, facts, care, registers)
        finally:
            await service.close()
        return care

    async def read(self, query: str, *arguments: Any, as_of: datetime | None = None) -> list[dict[str, Any]]:
        await self.connection.execute("select set_config('hva.as_of', $1, false)", as_of.isoformat() if as_of else "")
        return [dict(row) for row in await self.connection.fetch(query, *arguments)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def _segments_database(postgres_server: ServerUnderTest) -> Database:
    database = Database(f"segments_{os.getpid()}", postgres_server.address)
    await bootstrap(database.admin, dict.fromkeys(ROLES, "test-only"), database.name)
    await migrate(dsn_for(database.admin, database.name, "hva_migrate", "test-only"), ["segments"])
    return database


@pytest.fixture
async def family(_segments_database: Database) -> AsyncIterator[Family]:
    connection = await asyncpg.connect(_segments_database.dsn("hva_steward"))
    try:
        yield Family(_segments_database, connection)
    finally:
        await connection.close()


async def test_every_view_equals_the_sample(family: Family) -> None:
    await family.load_source("sample")
    expected = orjson.loads(gzip.decompress((SAMPLE / "figures.json.gz").read_bytes()))["figures"]
    for view in SEGMENT_KEYS:
        assert expected[view]
        found = await family.read(f"select * from figures.{view}", as_of=AS_OF)
        assert oracle.differences(expected[view], found, SEGMENT_KEYS[view]) == [], view


@pytest.mark.parametrize("source", ["1"])
async def test_every_view_equals_the_oracle_at_any_time(family: Family, source: str) -> None:
    care = await family.load_source(source)
    for time, as_of in TIMES.items():
        expected = care.views(as_of or datetime.now(UTC))
        for view in SEGMENT_KEYS:
            found = await family.read(f"select * from figures.{view}", as_of=as_of)
            assert oracle.differences(expected[view], found, SEGMENT_KEYS[view]) == [], (view, time)


@pytest.mark.parametrize("source", ["sample", "3"])
async def test_fixed_cohorts_equal_the_oracle_at_any_time(family: Family, source: str) -> None:
    care, some = await family.load_source(source), 0
    for time, as_of in TIMES.items():
        for county in sorted(care.people):
            for base, period in COHORTS:
                expected = care.fixed_cohort(county, base, period, as_of or datetime.now(UTC))
                query = "select * from figures.fixed_cohort($1, $2, $3)"
                found = await family.read(query, county, base, period, as_of=as_of)
                said = oracle.differences(expected, found, COHORT_KEYS)
                assert said == [], (time, county, base, period)
                some += len(expected)
    assert some > 30


async def test_conditions_change_no_row(family: Family) -> None:
    """A view with a condition returns the matching rows of the whole view."""
    await family.load_source("sample")
    for view in SEGMENT_KEYS:
        keys = SEGMENT_KEYS[view]
        rows = await family.read(f"select * from figures.{view}", as_of=AS_OF)
        for row in rows[:: len(rows) // 12]:
            for asked in (("county", "period"), ("county", "period_kind", "scope_level"), keys):
                condition = " and ".join(f"{key}::text = ${n}" for n, key in enumerate(asked, 1))
                wanted = [row[key] for key in asked]
                found = await family.read(f"select * from figures.{view} where {condition}", *wanted, as_of=AS_OF)
                part = [r for r in rows if [r[key] for key in asked] == wanted]
                assert oracle.differences(part, found, keys) == [], (view, wanted)


@pytest.mark.parametrize("source", ["sample", "1", "3"])
async def test_the_evidence_of_members_covers_their_membership(family: Family, source: str) -> None:
    """The union of the evidence equals the membership."""
    await family.load_source(source)
    days = "select county, person, range_agg(daterange(first, until)) as days from segments.{} group by 1, 2"
    query = f"""
        select county, person, evidence.days::text as evidence, stored.days::text as stored
        from ({days.format("membership_evidence")}) evidence full join ({days.format("membership")}) stored
        using (county, person) where evidence.days is distinct from stored.days"""
    assert await family.read(query) == []
    kinds = await family.read("select distinct evidence from segments.membership_evidence")
    assert len(kinds) >= 4


async def test_evidence_adds_up_to_the_figures(family: Family) -> None:
    await family.load_source("sample")
    steward = family.database.dsn("hva_steward")
    asked = {"county": "oma-hame", "period": "2025Q2"}

    async def evidence_of(view: str, **keys: str) -> list[dict[str, Any]]:
        return await evidence(steward, view, complete(view, {**asked, **keys}))

    async def figure(view: str, column: str, **keys: str) -> Any:
        wanted = {**asked, "scope_level": "county", "segment": "all", **keys}
        condition = " and ".join(f"{key} = ${n}" for n, key in enumerate(wanted, 1))
        rows = await family.read(f"select {column} from figures.{view} where {condition}", *wanted.values())
        return rows[0][column]

    events = await evidence_of("service_events")
    assert {fact["counted"] for fact in events} == {"done", "not counted: cancelled", "not counted: no_show"}
    for keys in ({}, {"segment": "multidisciplinary"}, {"sector": "vastaanotto"}, {"event_class": "visit"}):
        whole = {"sector": "all", "event_class": "all", **keys}
        done = [fact for fact in await evidence_of("service_events", **keys) if fact["counted"] == "done"]
        assert len(done) == await figure("service_events", "events", **whole)

    members = [fact for fact in await evidence_of("events_per_client") if fact["counted"] == "event of a member"]
    assert len(members) == await figure("events_per_client", "member_events")
    assert len({fact["client"] for fact in members}) == await figure("events_per_client", "cell_clients")
    assert all(fact["detail"].startswith(", by E") for fact in members)

    assessed = await evidence_of("suuntima", result="verkosto")
    assert len(assessed) == await figure("suuntima", "n", battery="all", sex="all", result="verkosto")
    assert {fact["counted"] for fact in assessed} == {"verkosto"}
    for result in ("verkosto", "omatoimi"):
        in_stock = await evidence_of("suuntima_stock", result=result)
        assert len(in_stock) == await figure("suuntima_stock", "clients", result=result) > 0
    for kind in ("common_client", "plan"):
        found = await evidence_of("common_clients", kind=kind)
        stock = [fact for fact in found if "in the stock" in fact["counted"]]
        new = [fact for fact in found if fact["counted"].endswith(", new")]
        assert len({fact["client"] for fact in new} if kind == "common_client" else new) == await figure(
            "common_clients", "new", kind=kind
        )
        wanted = stock if kind == "plan" else {fact["client"] for fact in stock}
        assert len(wanted) == await figure("common_clients", "stock", kind=kind) > 0


async def test_evidence_contains_no_pseudonyms(family: Family) -> None:
    await family.load_source("sample")
    for view in ("evidence", "membership_evidence", "stock_fact"):
        rows = await family.read(f"select v::text as text from segments.{view} v")
        clients = await family.read("select own_client from segments.service_event where own_client is not null")
        assert rows and not any(clients[0]["own_client"] in row["text"] for row in rows)
