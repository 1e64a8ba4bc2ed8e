"""The fcr family on a real PostgreSQL server: builds records as ingest does, applies them as the handlers do."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import asyncpg

from services.fcr import store
from services.fcr.cells import Cells
from services.fcr.decode import decode
from services.fcr.facts import ContactFact
from shared.contracts.event import Event, encode_event
from shared.contracts.event_types import EVENT_TYPES
from shared.dead_letters import DeadLetterCipher, Rejected
from shared.keys import Key
from shared.person import decode_person
from shared.postgres.commit import StoreCommit
from shared.postgres.lease import unshared
from shared.postgres.pool import make_pool, read_transaction
from shared.record import PlainRecord
from shared.registers import Registers, load_folder
from tests.by_county import commit_by_county
from tests.product import SAMPLE, Database
from tests.store.registers import replace_registers

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # Monday, 10 in Finland
TODAY = START.date()
MICROSECOND, SECOND = timedelta(microseconds=1), timedelta(seconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
ANNA, BERTTA = "k1." + "A" * 22, "k1." + "B" * 22
CIPHER = DeadLetterCipher([Key("l1", b"x" * 32)])
COUNTY = "oma-hame"
BUCKETS = tuple(f"{m}_{grain}" for m in ("access", "handled", "hyte_count") for grain in ("day", "month"))
_CELLS = ("stale", "client_cell", "revolving_cell")
TABLES = ("contact", "hyte", "client", "merge", *BUCKETS, *_CELLS, "refold", "erased", "membership")


def record(stem: str, revision: int = 1, time: datetime = START, county: str = COUNTY, **data: Any) -> PlainRecord:
    """A canonical record as ingest writes it, without the fields that are None."""
    name = f"fi.hva.{stem}.v1"
    plain = {key: _plain(value) for key, value in data.items() if value is not None}
    model = EVENT_TYPES[name].model.model_validate({"revision": revision, **plain})
    id = sha256(f"{name} {plain}".encode()).hexdigest()
    event = Event(county, f"urn:hva:{county}:puhelin", id, name, time, bytes(32), model)
    return PlainRecord("t", 0, 0, 0, None, encode_event(event))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def contact(id: str, at: datetime = START, revision: int = 1, **data: Any) -> PlainRecord:
    """A call by Anna that was answered and resolved, without an end time. A field set to None is left out."""
    common = {"unit": "keskus", "line": "terveys", "channel": "phone", "answered_at": at + 20 * SECOND}
    linked = {"client": ANNA, "reason": "kuume", "outcome": "hoidettu"}
    return record("contact.recorded", revision, contact_id=id, started_at=at, **{**common, **linked, **data})


def retracted(revision: int = 9, **id: str) -> PlainRecord:
    stem = "contact.retracted" if "contact_id" in id else "hyte.retracted"
    fields: dict[str, Any] = {**id}
    return record(stem, revision, **fields)


def counted(id: str, count: int, on: date = TODAY, revision: int = 1, **data: Any) -> PlainRecord:
    common: dict[str, Any] = {"unit": "keskus", "kind": "tray_visit", "counted_on": on, "count": count}
    return record("hyte.counted", revision, count_id=id, **{**common, **data})


def erased(client: str) -> PlainRecord:
    return record("client.erased", erasure_id=f"e-{client}", client=client)


@dataclass
class Store:
    """Applies records in batches that the test chooses, and reads what is stored."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    registers: Registers = field(repr=False)

    async def feed(self, *records: PlainRecord) -> None:
        async def apply(connection: Any, county: str, facts: Sequence[ContactFact]) -> Any:
            return await store.apply(connection, county, facts, self.registers)

        facts = [fact for r in records if not isinstance(fact := decode(r, self.registers), Rejected)]
        assert len(facts) == len(records)
        await commit_by_county(StoreCommit("fcr", self.pool, CIPHER, apply), facts)

    async def erase(self, *clients: str) -> None:
        await self.feed_persons(*map(erased, clients))

    async def feed_persons(self, *records: PlainRecord) -> None:
        """Apply merges and erasures."""
        events = [event for r in records if not isinstance(event := decode_person(r), Rejected)]
        assert len(events) == len(records)
        await commit_by_county(StoreCommit("fcr", self.pool, CIPHER, store.apply_persons), events)

    async def refresh_cells(self) -> None:
        """Recompute the cells of every stale period, due or not."""
        await Cells(self.pool, unshared, 2).refresh_now()

    async def clear(self) -> None:
        """Delete everything. Persons get new numbers afterwards."""
        await self.pool.execute(";".join(f"delete from fcr.{table}" for table in TABLES))
        await self.pool.execute("delete from report.code_shown; delete from report.digital")

    async def fetch(self, query: str, *arguments: object, as_of: str = "") -> list[tuple[Any, ...]]:
        async with self.pool.acquire() as connection, read_transaction(connection):
            await connection.execute("select set_config('hva.as_of', $1, true)", as_of)
            return [tuple(row) for row in await connection.fetch(query, *arguments)]

    async def row(self, view: str, columns: str, as_of: str = "", **keys: object) -> tuple[Any, ...] | None:
        """Columns of the only row with these keys, or None. Missing keys mean the whole county in March 2026."""
        defaults = {"scope_level": "county", "channel": "all", "segment": "all", "period": "2026-03"}
        wanted = {key: str(value) for key, value in {**defaults, **keys}.items()}
        condition = " and ".join(f"{key}::text = ${n}" for n, key in enumerate(wanted, 1))
        rows = await self.fetch(
            f"select {columns} from figures.{view} where {condition}", *wanted.values(), as_of=as_of
        )
        assert len(rows) < 2
        return rows[0] if rows else None

    async def links(self) -> dict[str, tuple[int | None, int | None]]:
        """The smallest windows in which each contact repeats and is repeated, by id, without retracted contacts."""
        rows = await self.fetch("select id, repeats_within, repeated_within from fcr.contact where not retracted")
        return {id: (repeats, repeated) for id, repeats, repeated in rows}

    async def buckets(self) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of all buckets that are not zero."""
        found = {}
        for table in BUCKETS:
            columns = await self.pool.fetch(
                "select column_name from information_schema.columns where table_schema = 'fcr' and table_name = $1 "
                "and data_type in ('bigint', 'numeric') and column_name <> 'unit_row' order by ordinal_position",
                table,
            )
            not_zero = " or ".join(f"{column['column_name']} <> 0" for column in columns)
            found[table] = sorted(await self.fetch(f"select * from fcr.{table} where {not_zero}"))
        return found

    async def cells(self) -> list[list[tuple[Any, ...]]]:
        """The stored cells."""
        return [sorted(await self.fetch(f"select * from fcr.{table}")) for table in ("client_cell", "revolving_cell")]

    async def stale(self) -> set[str]:
        """The periods whose cells must be recomputed."""
        return {period for (period,) in await self.fetch("select period from fcr.stale")}


@asynccontextmanager
async def open_store(database: Database) -> AsyncIterator[Store]:
    """A store on a database with the registers of the sample."""
    registers = load_folder(SAMPLE / "config")
    pool = await make_pool(database.dsn("hva_fcr"), "test")
    try:
        async with pool.acquire() as connection:
            await replace_registers(connection, registers)
        yield Store(pool, registers)
    finally:
        await pool.close()
