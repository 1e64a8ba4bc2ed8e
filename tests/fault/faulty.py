"""`python -m tests.fault.faulty <service>`: the real service with faults let in from outside.

The product has no hooks for this; everything is wrapped here, by the environment:

HVA_TEST_FOLDER      where every batch that is handled leaves a line, and every fault its mark
HVA_TEST_FAULTS      `<action>@<point>#<n>,...`: what happens the n-th time that this process passes the point;
                     `in_transaction:<id>` is that of a transaction with the fact of this id,
                     `in_transaction:<id>:retracted` with its retraction
HVA_TEST_MUTANT      a guarantee of the product taken away, to see that the suite notices
HVA_TEST_SESSION_MS  how soon the group misses a process that was killed; 6 s in the product
HVA_TEST_IDLE_S      how long PostgreSQL lets a transaction idle, where it is not as in the product
HVA_TEST_OWNER       a consumer group of its own: this process gets every record, whoever else does
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from asyncpg.transaction import Transaction
from faststream.kafka import KafkaBroker

import services.fcr.app
import services.ingest.app
import services.nps.app
import services.segments.app
import shared.edge.consume as consume
import shared.postgres.pool as pool
from services.fcr.cells import Cells
from services.ingest.publish import PublishCommit
from services.segments.outbox import Outbox
from shared.batch import BatchRunner
from shared.contracts.catalogue import Topic
from shared.edge.service import main
from shared.postgres.commit import StoreCommit
from shared.record import Record
from tests.fault.events import BUG
from tests.fault.mutants import MUTANTS

_BUILDS: Final = {
    "ingest": services.ingest.app.build,
    "nps": services.nps.app.build,
    "fcr": services.fcr.app.build,
    "segments": services.segments.app.build,
}
# By these names the type checker lets them be changed.
_KafkaBroker: Any = KafkaBroker
_Transaction: Any = Transaction
_consume: Any = consume
_ingest: Any = services.ingest.app
_pool: Any = pool
_folder = Path(os.environ["HVA_TEST_FOLDER"])
_fixed = _folder / "fixed"
_passed: Counter[str] = Counter()
_batch: ContextVar[list[tuple[str, int, int]]] = ContextVar("batch", default=[])  # noqa: B039 - never changed


def _faults() -> dict[tuple[str, int], str]:
    found = {}
    for fault in filter(None, os.environ.get("HVA_TEST_FAULTS", "").split(",")):
        action, _, place = fault.partition("@")
        point, _, number = place.partition("#")
        found[point, int(number)] = action
    return found


_PLAN = _faults()


async def passing(point: str) -> None:
    """Do what is planned for this passage of the point."""
    _passed[point] += 1
    match _PLAN.get((point, _passed[point])):
        case "kill":
            _mark("killed", point)
            os.kill(os.getpid(), signal.SIGKILL)
        case "hold":
            _mark("held", point)
            while not (_folder / f"release-{os.getpid()}").exists():  # noqa: ASYNC110 - let go by another process
                await asyncio.sleep(0.01)
        case "lose":
            _mark("lost", point)
            raise ConnectionResetError("the answer was lost")


def _mark(what: str, point: str) -> None:
    mark = _folder / f"{what}-{point}-{os.getpid()}.json"
    mark.with_suffix(".new").write_text(json.dumps(_batch.get()))
    mark.with_suffix(".new").rename(mark)


def _tell(what: str, row: object) -> None:
    with (_folder / f"{what}-{os.getpid()}").open("a") as lines:
        lines.write(json.dumps(row) + "\n")


def _wrap_batches() -> None:
    run = BatchRunner.run

    async def traced(self: BatchRunner[Any], records: Sequence[Record]) -> None:
        _batch.set([(r.topic, r.partition, r.offset) for r in records])
        _tell("trace", _batch.get())
        await run(self, records)

    BatchRunner.run = traced  # type: ignore[method-assign]


def _wrap_store() -> None:
    init, call = StoreCommit.__init__, StoreCommit.__call__

    def with_faults(self: StoreCommit[Any], service: str, pool: Any, sealer: Any, apply: Any) -> None:
        async def faulty(connection: Any, county: str, events: Sequence[Any]) -> Any:
            await passing("begun")
            if not _fixed.exists() and any(getattr(event, "id", "").startswith(BUG) for event in events):
                raise ValueError(f"cannot stand {events}")
            applied = await apply(connection, county, events)
            await passing("in_transaction")
            for event in events:
                point = f"in_transaction:{getattr(event, 'id', '')}"
                await passing(point)
                if getattr(event, "retracted", False):
                    await passing(f"{point}:retracted")
            return applied

        init(self, service, pool, sealer, faulty)

    async def committed(self: StoreCommit[Any], events: Any, dead_letters: Any) -> Any:
        applied = await call(self, events, dead_letters)
        await passing("committed")
        return applied

    StoreCommit.__init__, StoreCommit.__call__ = with_faults, committed  # type: ignore[method-assign]


def _wrap_sending() -> None:
    """The COMMIT has left for the server and its answer is not there."""
    commit = _Transaction._Transaction__commit  # what leaving `async with` calls

    async def sent(self: Any) -> None:
        answer = asyncio.ensure_future(commit(self))
        await asyncio.sleep(0)  # lets it write to the socket
        if _batch.get():
            await passing("sent")
        await answer

    _Transaction._Transaction__commit = sent


def _wrap_publishing() -> None:
    publish = PublishCommit.publish

    async def published(self: PublishCommit, events: Any) -> None:
        await passing("kept")
        await publish(self, events)
        await passing("published")

    PublishCommit.publish = published  # type: ignore[method-assign]


class _BeforeClearing:
    """A connection that passes a point when the cells of a period are counted and its mark is still there."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, query: str, *arguments: Any, **settings: Any) -> Any:
        if query.startswith("delete from fcr.stale"):
            _tell("counted", arguments[:3])
            await passing("counted")
        return await self._connection.execute(query, *arguments, **settings)


def _wrap_cells() -> None:
    count = Cells._count

    async def traced(self: Cells, connection: Any, period: Any, days: Any) -> None:
        _tell("counting", period)
        await passing("counting")
        wrapped: Any = _BeforeClearing(connection)
        await count(self, wrapped, period, days)

    Cells._count = traced  # type: ignore[method-assign]


def _wrap_outbox() -> None:
    """Histories are on the stream and still wait to be put out."""
    done = Outbox._mark_published

    async def publish_pending(self: Outbox, connection: Any, rows: Any) -> None:
        await passing("publish_pending")
        await done(self, connection, rows)

    Outbox._mark_published = publish_pending  # type: ignore[method-assign]


def _wrap_time_limits() -> None:
    """A fault holds a transaction for as long as the rest of its test takes, be the machine ever so busy."""
    if seconds := os.environ.get("HVA_TEST_IDLE_S"):
        _pool._WRITER["idle_in_transaction_session_timeout"] = f"{seconds}s"


def _wrap_clock() -> None:
    """The clock of ingest is ahead by the seconds in the file `ahead`, from when it is there."""
    clock, ahead = services.ingest.app.system_clock, _folder / "ahead"

    def moved() -> datetime:
        return clock() + timedelta(seconds=float(ahead.read_text()) if ahead.exists() else 0.0)

    _ingest.system_clock = moved


def _wrap_group() -> None:
    subscriber, group_id = _KafkaBroker.subscriber, _consume.group_id
    owner = os.environ.get("HVA_TEST_OWNER", "")

    def impatient(self: Any, *topics: str, **settings: Any) -> Any:
        session = int(os.environ["HVA_TEST_SESSION_MS"])
        times = {"session_timeout_ms": session, "heartbeat_interval_ms": session // 5}
        return subscriber(self, *topics, **settings | times)

    def of_owner(service: str, topic: Topic) -> str:
        return str(group_id(service, topic)) + owner

    _KafkaBroker.subscriber = impatient
    _consume.group_id = of_owner


if __name__ == "__main__":
    _wrap_batches()
    _wrap_store()
    _wrap_sending()
    _wrap_publishing()
    _wrap_cells()
    _wrap_outbox()
    _wrap_time_limits()
    _wrap_clock()
    _wrap_group()
    if mutant := os.environ.get("HVA_TEST_MUTANT"):
        MUTANTS[mutant]()
    name = sys.argv[1]
    main(name, _BUILDS[name])
