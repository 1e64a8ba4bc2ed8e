"""No plan of a writer reads more than its batch, whatever the planner believes about the tables.

Every statement of a commit is explained as it is sent. Statistics are missing, were taken on empty tables, or when
the tables looked otherwise; a plan that follows from them and reads a county costs what the history costs.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import asyncpg
import pytest

from services.nps.decode import decode
from services.nps.domain import FeedbackFact
from services.nps.store import SCHEMA, apply
from shared.keys import Key
from shared.letters import Rejected, Sealer
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool
from shared.record import PlainRecord
from shared.registers import load_folder
from shared.registers.load import load
from tests.bench.workload import canonical, registers_folder, salted
from tests.product import Database

REGISTERS = load_folder(registers_folder())
BATCH = 300
EVENTS = canonical(BATCH, REGISTERS)
SECRET = b"thirty-two bytes that are no key"


def facts(salt: str) -> list[FeedbackFact]:
    records = (PlainRecord("t", 0, i, 0, e.key, e.value) for i, e in enumerate(salted(EVENTS, salt)))
    return [fact for record in records if not isinstance(fact := decode(record, REGISTERS), Rejected)]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def reads_a_county(plan: dict[str, Any]) -> Iterator[str]:
    """Scans of tables of facts that are no probe by county and one more key."""
    for node in nodes(plan):
        if node.get("Schema") == SCHEMA and "Scan" in node["Node Type"]:
            condition = node.get("Index Cond", "")
            if not ("county =" in condition and " AND " in condition):
                yield f"{node['Node Type']} on {node['Relation Name']} {condition}"


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Filled with every scan that is no probe."""
    found: list[str] = []

    def explained(name: str) -> Any:
        original = getattr(asyncpg.Connection, name)
        fetchval = asyncpg.Connection.fetchval

        async def send(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
            if arguments and f" {SCHEMA}." in query and "refold" not in query:
                answer = await fetchval(self, f"explain (verbose, format json) {query}", *arguments)
                found.extend(f"{scan} in {query[:80]}" for scan in reads_a_county(json.loads(answer)[0]["Plan"]))
            return await original(self, query, *arguments, **options)

        return send

    for name in ("fetch", "execute"):
        monkeypatch.setattr(asyncpg.Connection, name, explained(name))
    return found


@pytest.mark.parametrize("analysed", [None, 0, 1, 5], ids=["never", "empty", "after one batch", "after five"])
async def test_every_statement_of_a_commit_probes(database: Database, scans: list[str], analysed: int | None) -> None:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    pool = await make_pool(database.dsn("hva_nps"), "plans")
    commit = StoreCommit(SCHEMA, pool, Sealer((Key("k", SECRET),)), partial(apply, registers=REGISTERS))
    async with pool.acquire() as connection:
        await load(connection, REGISTERS)
    for number in range(8):
        if number == analysed:
            await admin.execute("analyze nps.invitation, nps.response, nps.feedback, nps.erased")
        await commit(facts(str(number)), [])
        await commit(facts(str(number))[: BATCH // 2], [])
    await pool.close()
    await admin.close()
    assert scans == []


async def test_a_plain_join_would_read_the_county(database: Database) -> None:
    """What the test above would see: without statistics, the same question asked plainly is a scan."""
    pool = await make_pool(database.dsn("hva_nps"), "plans")
    commit = StoreCommit(SCHEMA, pool, Sealer((Key("k", SECRET),)), partial(apply, registers=REGISTERS))
    async with pool.acquire() as connection:
        await load(connection, REGISTERS)
    for number in range(4):
        await commit(facts(str(number)), [])
    ids = [fact.id for fact in facts("0")]
    plain = (
        "update nps.invitation f set answered = true from unnest($2::text[]) r(id) where f.county = $1 and f.id = r.id"
    )
    async with pool.acquire() as connection:
        answer = await connection.fetchval(f"explain (verbose, format json) {plain}", "oma-hame", ids)
    await pool.close()
    assert list(reads_a_county(json.loads(answer)[0]["Plan"]))
