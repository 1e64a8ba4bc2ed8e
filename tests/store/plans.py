"""Commits of the families for tests of query plans, and the search for scans in these plans."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from inspect import signature
from types import ModuleType
from typing import Any

import asyncpg
import pytest

from services.fcr import decode as fcr_decode
from services.fcr import store as fcr_store
from services.nps import decode as nps_decode
from services.nps import store as nps_store
from services.segments import decode as segments_decode
from services.segments import store as segments_store
from shared.contracts.catalogue import Stream
from shared.dead_letters import DeadLetterCipher, Rejected
from shared.keys import Key
from shared.person import PersonEvent
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool
from shared.postgres.registers import load
from shared.record import PlainRecord
from shared.registers import load_folder
from tests.bench.workload import Event, canonical, registers_folder, salted
from tests.by_county import commit_by_county
from tests.product import Database
from tests.store.histories import history

REGISTERS = load_folder(registers_folder())
BATCH = 300
CIPHER = DeadLetterCipher((Key("k", b"thirty-two bytes that are no key"),))
COUNTY = "oma-hame"
_CLIENT = re.compile(rb'"client":"[^"]+"')
CLIENTS = [b"k1." + b"%022d" % number for number in range(30)]
CLIENTS_WITH_HISTORY = [client.decode() for client in CLIENTS[5:10]]


@dataclass(frozen=True)
class Family:
    """What the tests need of a family. `naive_update` finds facts by id with a plain join instead of a probe."""

    store: ModuleType
    decode: ModuleType
    stream: Stream
    analysed_tables: str
    naive_update: str
    labelled_tables: tuple[str, ...]

    @property
    def schema(self) -> str:
        return str(self.store.SCHEMA)

    def facts(self, salt: str) -> list[Any]:
        """A batch of facts of few clients, so that facts of different salts are neighbours."""
        return list(decoded_facts(self, salt))


@cache
def decoded_facts(family: Family, salt: str) -> list[Any]:
    values = (with_few_clients(event.value) for event in salted(events(family.stream), salt))
    facts = [family.decode.decode(PlainRecord("t", 0, i, 0, None, value), REGISTERS) for i, value in enumerate(values)]
    return [fact for fact in facts if not isinstance(fact, Rejected)]


@cache
def events(stream: Stream) -> list[Event]:
    """A batch with more direct feedback than usual: a scan of a table of ten rows would be the right plan."""
    found = canonical(8 * BATCH, REGISTERS, stream)
    return found[:BATCH] + [event for event in found[BATCH:] if b"feedback.given" in event.value]


def with_few_clients(value: bytes) -> bytes:
    return _CLIENT.sub(lambda match: b'"client":"%b"' % CLIENTS[sum(match[0]) % len(CLIENTS)], value)


NPS, FCR = (
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
)
SEGMENTS = Family(
    segments_store,
    segments_decode,
    Stream.CARE,
    # The other tables are tiny here, and a scan of a tiny table is the right plan.
    "segments.service_event, segments.client, segments.membership, segments.history, segments.erased",
    "update segments.service_event f set status = 'done' from unnest($2::text[]) r(id) "
    "where f.county = $1 and f.id = r.id",
    (),
)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def county_scans(plan: dict[str, Any], schema: str) -> Iterator[str]:
    """Scans of the schema's tables that do not look rows up by county and another key."""
    for node in nodes(plan):
        if node.get("Schema") == schema and "Scan" in node["Node Type"] and node["Relation Name"] not in SMALL_TABLES:
            condition = node.get("Index Cond", "")
            # A person belongs to one county. A Tid scan reads rows by the addresses that a probe found.
            probes = ("county =" in condition and " AND " in condition) or "person =" in condition
            if not probes and node["Node Type"] != "Tid Scan":
                yield f"{node['Node Type']} on {node['Relation Name']} {condition}"


class StatementLog:
    """The statements that were sent and explained, and the county scans in their plans."""

    def __init__(self) -> None:
        self.statements: set[str] = set()
        self.scans: list[str] = []


SMALL_TABLES = ("refold", "closed_period")
"""Tables with a row for each county, or closed period of it: all rows of a county are read."""


def log_statements(monkeypatch: pytest.MonkeyPatch, schema: str) -> StatementLog:
    """Explain every statement on the schema that is sent from now on, with its arguments."""
    log = StatementLog()

    def explained(name: str) -> Any:
        original = getattr(asyncpg.Connection, name)
        fetchval = asyncpg.Connection.fetchval

        async def send(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
            if arguments and f" {schema}." in query:
                answer = await fetchval(self, f"explain (verbose, format json) {query}", *arguments)
                scans = county_scans(json.loads(answer)[0]["Plan"], schema)
                log.scans.extend(f"{scan} in {query[:80]}" for scan in scans)
                log.statements.add(query)
            return await original(self, query, *arguments, **options)

        return send

    for name in ("fetch", "execute"):
        monkeypatch.setattr(asyncpg.Connection, name, explained(name))
    return log


@asynccontextmanager
async def writer(database: Database, family: Family) -> Any:
    admin = await asyncpg.connect(database.dsn("hva_migrate"))
    for table in family.analysed_tables.split(", "):  # only the test collects statistics
        await admin.execute(f"alter table {table} set (autovacuum_enabled = off)")
    await admin.close()
    pool = await make_pool(database.dsn(f"hva_{family.schema}"), "plans")
    async with pool.acquire() as connection:
        await load(connection, REGISTERS)
    yield pool
    await pool.close()


def commits(family: Family, pool: Any) -> tuple[Callable[[Sequence[Any]], Any], Callable[[PersonEvent], Any]]:
    """Return a function that commits facts, and one that commits an erasure or a merge."""
    write = StoreCommit(family.schema, pool, CIPHER, partial(family.store.apply, registers=REGISTERS))
    apply = family.store.apply_persons
    if "registers" in signature(apply).parameters:
        apply = partial(apply, registers=REGISTERS)
    persons = StoreCommit(family.schema, pool, CIPHER, apply)
    return partial(commit_by_county, write), (lambda event: persons([event], []))


async def commit_histories(family: Family, pool: Any, version: int, counties: Iterable[str] = (COUNTY,)) -> None:
    """Commit histories of some clients: members since 2000 by odd versions, never members by even versions.

    Histories of all clients would relabel all facts, and then a scan would be the right plan.
    """
    intervals = [("2000-01-01", None)] if version % 2 else []
    histories = [
        history(client, version, *intervals, county=county) for client in CLIENTS_WITH_HISTORY for county in counties
    ]
    await commit_by_county(StoreCommit(family.schema, pool, CIPHER, family.store.apply_histories), histories)
