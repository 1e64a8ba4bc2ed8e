"""The segments family on a real PostgreSQL server: builds records as ingest does, applies them as the handlers do."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any

import asyncpg

from services.segments import store
from services.segments.decode import decode
from shared.dead_letters import Rejected
from shared.person import decode_person
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool, read_transaction
from shared.postgres.replay import Findings
from shared.record import PlainRecord
from shared.registers import Registers, load_folder
from tests.by_county import commit_by_county
from tests.product import SAMPLE, Database
from tests.store.fcr_harness import ANNA, CIPHER, COUNTY, START, TODAY, erased, record
from tests.store.registers import replace_registers

__all__ = ["erased"]

BUCKETS = tuple(f"{measure}_{grain}" for measure in ("care", "suuntima") for grain in ("day", "month"))
FACTS = ("service_event", "flag", "plan", "assignment", "assessment", "merge")
TABLES = (
    *FACTS,
    *BUCKETS,
    *("client", "membership", "staged_membership", "history", "refold", "erased", "replay", "audit"),
)


def event(id: str, sector: str = "vastaanotto", at: datetime = START, revision: int = 1, **data: Any) -> PlainRecord:
    """A service event of Anna with status `done`."""
    common = {"client": ANNA, "unit": "keskus", "sector": sector, "occurred_at": at}
    return record("care.service-event", revision, service_event_id=id, **{**common, **data})


def flag(id: str, first: date = TODAY, until: date | None = None, revision: int = 1, **data: Any) -> PlainRecord:
    common = {"client": ANNA, "valid_from": first, "valid_to": until}
    return record("care.common-client", revision, flag_id=id, **{**common, **data})


def plan(id: str, first: date = TODAY, until: date | None = None, revision: int = 1, **data: Any) -> PlainRecord:
    common = {"client": ANNA, "valid_from": first, "valid_to": until}
    return record("care.plan", revision, plan_id=id, **{**common, **data})


def assignment(id: str, first: date = TODAY, until: date | None = None, revision: int = 1, **data: Any) -> PlainRecord:
    common = {"client": ANNA, "valid_from": first, "valid_to": until, "scheme": "oma", "segment": "monialainen"}
    return record("care.segment", revision, assignment_id=id, **{**common, **data})


def suuntima(id: str, result: str = "verkosto", at: datetime = START, revision: int = 1, **data: Any) -> PlainRecord:
    common = {"client": ANNA, "unit": "keskus", "assessed_at": at, "result": result, "battery": "social"}
    return record("care.suuntima", revision, assessment_id=id, **{**common, **data})


def retracted(revision: int = 9, **id: str) -> PlainRecord:
    fields: dict[str, Any] = {**id}
    return record("care.retracted", revision, **fields)


def merged(id: str, one: str, other: str, revision: int = 1) -> PlainRecord:
    return record("client.merged", revision, merge_id=id, **{"from": one, "into": other})


@dataclass
class Store:
    """Applies records in batches that the test chooses, and reads what is stored."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    registers: Registers = field(repr=False)

    async def feed(self, *records: PlainRecord) -> None:
        """Apply care records in one transaction, then merges and erasures in another."""
        facts = [fact for r in records if not isinstance(fact := decode(r, self.registers), Rejected)]
        persons = [event for r in records if not isinstance(event := decode_person(r), Rejected)]
        assert len(facts) + len(persons) == len(records)
        for events, apply in ((facts, store.apply), (persons, store.apply_persons)):
            if events:
                commit = StoreCommit("segments", self.pool, CIPHER, partial(apply, registers=self.registers))
                await commit_by_county(commit, events)

    async def refold(self, **rule: Any) -> None:
        """Change the segment rule and refold all facts."""
        await self.change(**rule)
        await store.REFOLD.run(self.pool, self.registers)

    async def change(self, **rule: Any) -> None:
        """Change the segment rule as a service does that loads a changed file, without a refold."""
        changed = replace(self.registers.segment_rule, **rule)
        versions = {part: f"{version}*" for part, version in self.registers.versions.items()}
        await self.use(replace(self.registers, segment_rule=changed).versioned(versions))

    async def use(self, registers: Registers) -> None:
        """Replace the current registers."""
        self.registers = registers
        async with self.pool.acquire() as connection:
            await replace_registers(connection, registers)

    async def step(self, chunks: int) -> bool:
        """Do a number of chunks of a refold. Returns whether it is finished."""
        for _ in range(chunks):
            if await store.REFOLD.step(self.pool, COUNTY, self.registers) is None:
                return True
        return False

    async def clear(self) -> None:
        """Delete everything. Persons get new numbers afterwards."""
        await self.pool.execute(";".join(f"delete from segments.{table}" for table in TABLES))

    async def fetch(self, query: str, *arguments: object, as_of: str = "") -> list[tuple[Any, ...]]:
        async with self.pool.acquire() as connection, read_transaction(connection):
            await connection.execute("select set_config('hva.as_of', $1, true)", as_of)
            return [tuple(row) for row in await connection.fetch(query, *arguments)]

    async def members(self) -> dict[str, list[tuple[date, date]]]:
        """The membership intervals of every pseudonym whose person has a membership."""
        found: dict[str, list[tuple[date, date]]] = {}
        for client, first, until in await self.fetch(
            "select client, first, until from segments.membership join segments.client using (county, person) "
            "where county = $1 order by client, first",
            COUNTY,
        ):
            found.setdefault(client, []).append((first, until))
        return found

    async def labels(self) -> dict[str, str]:
        """The segment of every service event that counts."""
        return dict(await self.fetch("select id, segment from segments.service_event where done"))

    async def histories(self) -> dict[str, str]:
        """The stored history of every pseudonym that is or was a member."""
        return dict(await self.fetch("select client, intervals from segments.history where intervals <> '[]'"))

    async def buckets(self) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of all buckets that are not zero."""
        found = {}
        for table in BUCKETS:
            count = "events" if table.startswith("care") else "assessments"
            found[table] = sorted(await self.fetch(f"select * from segments.{table} where {count} <> 0"))
        return found


@asynccontextmanager
async def open_store(database: Database) -> AsyncIterator[Store]:
    """A store on a database with the registers of the sample."""
    registers = load_folder(SAMPLE / "config")
    pool = await make_pool(database.dsn("hva_segments"), "test")
    try:
        found = Store(pool, registers)
        await found.use(registers)
        yield found
    finally:
        await pool.close()


def wrong_counts(findings: Findings) -> tuple[int, int]:
    """How many wrong facts and how many wrong stored figures a replay or audit found."""
    return findings.wrong_facts, findings.wrong_cells


def split_batches(records: Sequence[PlainRecord], sizes: Sequence[int]) -> list[Sequence[PlainRecord]]:
    """Split records into batches of these sizes. The last batch holds the rest."""
    batches, start = [], 0
    for size in (*sizes, len(records)):
        batches.append(records[start : start + size])
        start += size
    return [batch for batch in batches if batch]
