"""Faults during the commit of ingest: what is repeated when one of its steps fails."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.ingest import publish as publishing
from services.ingest.aliases import Alias
from services.ingest.validate import Accepted
from shared import batch
from shared.batch import BatchRunner
from shared.contracts.catalogue import CONTACT, PERSON
from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter, DeadLetterCipher, Rejected
from shared.edge.produce import Outgoing
from shared.health import Health
from shared.keys import Key
from shared.metrics import PipelineMetrics
from shared.record import PlainRecord, Record

ALIAS = Alias("oma-hame", f"k1.{'a' * 22}", f"k2.{'a' * 22}")
FAILURES = 5
SOURCE, TYPE = "urn:hva:oma-hame:acd", "fi.hva.contact.recorded.v1"


class Store:
    """A pool whose first writes of dead letters or of merges fail."""

    def __init__(self) -> None:
        self.failures = {"dead letters": 0, "merges": 0}
        self.dead_letters = 0

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator["Store"]:
        yield self

    async def fetch(self, *_: object) -> list[Any]:
        return []

    async def execute(self, *_: object) -> None:
        self.write("merges")

    async def write_dead_letters(
        self, _: object, __: str, dead_letters: Iterable[DeadLetter], ___: DeadLetterCipher
    ) -> None:
        self.write("dead letters")
        self.dead_letters += len(list(dead_letters))

    def write(self, kind: str) -> None:
        self.failures[kind] -= 1
        if self.failures[kind] >= 0:
            raise asyncpg.DiskFullError


def decode(record: Record) -> Accepted | Rejected:
    if record.offset == 0:
        return Rejected(Reason.SCHEMA, "rejected")
    return Accepted(CONTACT.name, b"c1", b"{}", "oma-hame", SOURCE, TYPE, "contact", 0, datetime.now(UTC), (ALIAS,))


@pytest.mark.parametrize("kind", ["dead letters", "merges"])
async def test_failed_store_write_does_not_publish_events_again(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[str] = []

    async def record_publish(_: object, records: Iterable[Outgoing]) -> None:
        published.extend(record.topic for record in records)
        await asyncio.sleep(0)

    store = Store()
    store.failures[kind] = FAILURES
    monkeypatch.setattr(publishing, "publish", record_publish)
    monkeypatch.setattr(publishing, "write_dead_letters", store.write_dead_letters)
    monkeypatch.setattr(batch, "_FIRST_PAUSE_S", 0.0001)
    monkeypatch.setattr(batch, "_MAX_PAUSE_S", 0.0001)
    cipher = DeadLetterCipher([Key("l1", b"x" * 32)])
    commit = publishing.PublishCommit(None, store, cipher, "", pytest.fail)  # type: ignore[arg-type]
    metrics, logger = PipelineMetrics("ingest", CollectorRegistry()), logging.getLogger("test")
    runner = BatchRunner("t", decode, commit, metrics, logger, Health(()))
    await runner.run([PlainRecord("t", 0, offset, 0, None, b"") for offset in range(3)])
    assert store.failures[kind] < 0, "the write was retried until it succeeded"
    assert (published, store.dead_letters > 0) == ([PERSON.name, CONTACT.name, CONTACT.name], True)
