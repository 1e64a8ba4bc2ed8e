"""No plan of a writer reads more than its batch, whatever the planner believes about the tables.

Every statement of a commit is explained as it is sent. Statistics are missing, were taken on empty tables, or when
the tables looked otherwise; a plan that follows from them and reads a county costs what the history costs.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any

import asyncpg
import pytest

from services.fcr import decode as fcr_decode
from services.fcr import store as fcr_store
from services.fcr.cells import _STALE
from services.nps import decode as nps_decode
from services.nps import store as nps_store
from shared.contracts.catalogue import Stream
from shared.keys import Key
from shared.letters import Rejected, Sealer
from shared.person import Erasure
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool
from shared.record import PlainRecord
from shared.registers import load_folder
from shared.registers.load import load
from tests.bench.workload import Event, canonical, registers_folder, salted
from tests.product import Database
from tests.store.histories import history

REGISTERS = load_folder(registers_folder())
BATCH = 300
SEALER = Sealer((Key("k", b"thirty-two bytes that are no key"),))
COUNTY = "oma-hame"
_CLIENT = re.compile(rb'"client":"[^"]+"')
_CLIENTS = [b"k1." + b"%022d" % number for number in range(30)]
TOLD = [client.decode() for client in _CLIENTS[5:10]]


@dataclass(frozen=True)
class Family:
    """A family service as its commits see it; `plain` is a probe of facts by id as one would ask it at first."""

    store: ModuleType
    decode: ModuleType
    stream: Stream
    analysed: str
    plain: str
    labelled: tuple[str, ...]

    @property
    def schema(self) -> str:
        return str(self.store.SCHEMA)

    def facts(self, salt: str) -> list[Any]:
        """A batch of facts, of few clients, so that they have neighbours among those of other salts."""
        values = (few_clients(event.value) for event in salted(events(self.stream), salt))
        facts = [
            self.decode.decode(PlainRecord("t", 0, i, 0, None, value), REGISTERS) for i, value in enumerate(values)
        ]
        return [fact for fact in facts if not isinstance(fact, Rejected)]


@cache
def events(stream: Stream) -> list[Event]:
    """A batch, with more direct feedback: a table of ten rows is read as a whole, and rightly."""
    found = canonical(8 * BATCH, REGISTERS, stream)
    return found[:BATCH] + [event for event in found[BATCH:] if b"feedback.given" in event.value]


def few_clients(value: bytes) -> bytes:
    return _CLIENT.sub(lambda match: b'"client":"%b"' % _CLIENTS[sum(match[0]) % len(_CLIENTS)], value)


FAMILIES = [
    Family(
        nps_store,
        nps_decode,
        Stream.FEEDBACK,
        "nps.invitation, nps.response, nps.feedback, nps.erased, nps.membership",
        "update nps.invitation f set answered = true from unnest($2::text[]) r(id) where f.county = $1 and f.id = r.id",
        ("nps.invitation", "nps.response", "nps.feedback"),
    ),
    Family(
        fcr_store,
        fcr_decode,
        Stream.CONTACT,
        "fcr.contact, fcr.hyte, fcr.client, fcr.erased, fcr.stale, fcr.membership",
        "update fcr.contact f set planned = true from unnest($2::text[]) r(id) where f.county = $1 and f.id = r.id",
        ("fcr.contact",),
    ),
]


@pytest.fixture(params=FAMILIES, ids=lambda family: family.schema)
def family(request: pytest.FixtureRequest) -> Family:
    found: Family = request.param
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def reads_a_county(plan: dict[str, Any], schema: str) -> Iterator[str]:
    """Scans of tables of facts that are no probe by county and one more key."""
    for node in nodes(plan):
        if node.get("Schema") == schema and "Scan" in node["Node Type"]:
            condition = node.get("Index Cond", "")
            # A person is of one county.
            if not (("county =" in condition and " AND " in condition) or "person =" in condition):
                yield f"{node['Node Type']} on {node['Relation Name']} {condition}"


class Watch:
    """The statements that were sent and explained, and every scan among them that is no probe."""

    def __init__(self) -> None:
        self.statements: set[str] = set()
        self.scans: list[str] = []


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, family: Family) -> Watch:
    found = Watch()

    def explained(name: str) -> Any:
        original = getattr(asyncpg.Connection, name)
        fetchval = asyncpg.Connection.fetchval

        async def send(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
            if arguments and f" {family.schema}." in query and "refold" not in query:
                answer = await fetchval(self, f"explain (verbose, format json) {query}", *arguments)
                scans = reads_a_county(json.loads(answer)[0]["Plan"], family.schema)
                found.scans.extend(f"{scan} in {query[:80]}" for scan in scans)
                found.statements.add(query)
            return await original(self, query, *arguments, **options)

        return send

    for name in ("fetch", "execute"):
        monkeypatch.setattr(asyncpg.Connection, name, explained(name))
    return found


@asynccontextmanager
async def writer(database: Database, family: Family) -> Any:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    for table in family.analysed.split(", "):  # statistics are what a test says, whenever the server would take them
        await admin.execute(f"alter table {table} set (autovacuum_enabled = off)")
    await admin.close()
    pool = await make_pool(database.dsn(f"hva_{family.schema}"), "plans")
    async with pool.acquire() as connection:
        await load(connection, REGISTERS)
    yield pool
    await pool.close()


def commits(family: Family, pool: Any) -> tuple[Callable[[Sequence[Any]], Any], Callable[[str], Any]]:
    """Commit facts; erase a client."""
    write = StoreCommit(family.schema, pool, SEALER, partial(family.store.apply, registers=REGISTERS))
    erase = StoreCommit(family.schema, pool, SEALER, family.store.apply_persons)
    return (lambda facts: write(facts, [])), (lambda client: erase([Erasure(COUNTY, client)], []))


async def tell(family: Family, pool: Any, version: int, counties: Iterable[str] = (COUNTY,)) -> None:
    """Commit histories of some clients, who are members for ever by every other version.

    Of all clients they would relabel all facts there are, and to read those would be right.
    """
    intervals = [("2000-01-01", None)] if version % 2 else []
    histories = [history(client, version, *intervals, county=of) for client in TOLD for of in counties]
    await StoreCommit(family.schema, pool, SEALER, family.store.apply_histories)(histories, [])


@pytest.mark.parametrize("analysed", [None, 0, 1, 5], ids=["never", "empty", "after one batch", "after five"])
async def test_every_statement_of_a_commit_probes(
    database: Database, family: Family, watch: Watch, analysed: int | None
) -> None:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    async with writer(database, family) as pool:
        write, erase = commits(family, pool)
        for number in range(8):
            if number == analysed:
                await admin.execute(f"analyze {family.analysed}")
            facts = family.facts(str(number))
            await write(facts)
            await write(facts[: BATCH // 2])
            await tell(family, pool, number + 1)
        await erase(_CLIENTS[0].decode())
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


@pytest.mark.parametrize("family", [FAMILIES[1]], indirect=True, ids=["fcr"])
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
    family = FAMILIES[1]
    async with writer(database, family) as pool:
        for facts in ([], family.facts("0")):
            await commits(family, pool)[0](facts)
            stale = await pool.fetchval("select count(*) from fcr.stale")
            answer = json.loads(await pool.fetchval(f"explain (analyze, format json) {_STALE}"))[0]["Plan"]
            (calendar,) = [node for node in nodes(answer) if node.get("Relation Name") == "period"]
            assert calendar["Actual Rows"] * calendar["Actual Loops"] == stale and bool(stale) == bool(facts)
