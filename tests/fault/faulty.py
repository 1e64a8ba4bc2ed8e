"""`python -m tests.fault.faulty <service>`: the real service with injected faults.

The product has no hooks for this. Everything is wrapped here and configured by the environment:

HVA_TEST_FOLDER        the folder for traces (every batch that is processed) and marks (every fault that happened)
HVA_TEST_FAULTS        `<action>@<point>#<n>,...`: the action at the n-th time that this process passes the point;
                       `in_transaction:<id>` is a transaction that has the fact with this id,
                       `in_transaction:<id>:retracted` one that has its retraction
HVA_TEST_MUTANT        a guarantee of the product to remove, to prove that the suite detects its absence
HVA_TEST_SESSION_MS    the session timeout of the consumer group; 6 s in the product
HVA_TEST_IDLE_S        how long PostgreSQL lets a transaction idle, if it is not as in the product
HVA_TEST_GROUP_SUFFIX  gives this process consumer groups of its own, in which it gets every record
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
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
from shared.lanes import Lanes
from shared.postgres.commit import StoreCommit
from shared.postgres.lease import Leases
from shared.record import Record
from tests.fault.events import BUG_ID
from tests.fault.fault_points import BATCH, FOLDER, append_trace, pass_point
from tests.fault.mutants import MUTANTS

_BUILDS: Final = {
    "ingest": services.ingest.app.build,
    "nps": services.nps.app.build,
    "fcr": services.fcr.app.build,
    "segments": services.segments.app.build,
}
# Typed as Any, so that the type checker allows patching.
_KafkaBroker: Any = KafkaBroker
_Transaction: Any = Transaction
_consume: Any = consume
_ingest: Any = services.ingest.app
_pool: Any = pool
_fixed = FOLDER / "fixed"


def _wrap_batches() -> None:
    take, commit = Lanes.take, BatchRunner.commit

    async def take_with_trace(self: Lanes[Any], records: Sequence[Record], *finish: Any) -> bool:
        append_trace("batches", [(r.topic, r.partition, r.offset) for r in records])
        return await take(self, records, *finish)

    async def commit_with_context(self: BatchRunner[Any], county: str, items: Sequence[Any], **more: Any) -> None:
        BATCH.set([(r.topic, r.partition, r.offset) for r, _ in items])
        await commit(self, county, items, **more)

    Lanes.take = take_with_trace  # type: ignore[method-assign]
    BatchRunner.commit = commit_with_context  # type: ignore[method-assign]


def _wrap_store() -> None:
    init, call = StoreCommit.__init__, StoreCommit.__call__

    def init_with_faults(self: StoreCommit[Any], service: str, pool: Any, cipher: Any, apply: Any, *more: Any) -> None:
        async def apply_with_faults(connection: Any, county: str, events: Sequence[Any]) -> Any:
            await pass_point("transaction_started")
            if not _fixed.exists() and any(getattr(event, "id", "").startswith(BUG_ID) for event in events):
                raise ValueError(f"cannot process {events}")
            applied = await apply(connection, county, events)
            await pass_point("in_transaction")
            for event in events:
                point = f"in_transaction:{getattr(event, 'id', '')}"
                await pass_point(point)
                if getattr(event, "retracted", False):
                    await pass_point(f"{point}:retracted")
            return applied

        init(self, service, pool, cipher, apply_with_faults, *more)

    async def call_with_fault(self: StoreCommit[Any], *arguments: Any) -> Any:
        applied = await call(self, *arguments)
        append_trace("applied", (BATCH.get(), applied.changed))
        await pass_point("committed")
        return applied

    StoreCommit.__init__, StoreCommit.__call__ = init_with_faults, call_with_fault  # type: ignore[method-assign]


def _wrap_sql_commit() -> None:
    """`commit_sent`: COMMIT is sent to the server and its answer has not arrived."""
    commit = _Transaction._Transaction__commit  # what leaving `async with` calls

    async def commit_with_fault(self: Any) -> None:
        answer = asyncio.ensure_future(commit(self))
        await asyncio.sleep(0)  # lets it write to the socket
        if BATCH.get():
            await pass_point("commit_sent")
        await answer

    _Transaction._Transaction__commit = commit_with_fault


def _wrap_publishing() -> None:
    publish = PublishCommit.publish

    async def publish_with_faults(self: PublishCommit, events: Any) -> None:
        await pass_point("dead_letters_stored")
        await publish(self, events)
        await pass_point("published")

    PublishCommit.publish = publish_with_faults  # type: ignore[method-assign]


class _ConnectionWithFault:
    """Passes the point `counted` when the cells of a period are counted and the period is still marked as stale."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, query: str, *arguments: Any, **settings: Any) -> Any:
        if query.startswith("delete from fcr.stale"):
            append_trace("counted", arguments[:3])
            await pass_point("counted")
        return await self._connection.execute(query, *arguments, **settings)


def _wrap_cells() -> None:
    count = Cells._count

    async def count_with_faults(self: Cells, connection: Any, period: Any, days: Any) -> None:
        append_trace("counting", period)
        await pass_point("counting")
        wrapped: Any = _ConnectionWithFault(connection)
        await count(self, wrapped, period, days)

    Cells._count = count_with_faults  # type: ignore[method-assign]


def _wrap_leases() -> None:
    hold = Leases.hold

    @asynccontextmanager
    async def hold_with_trace(self: Leases, job: str, county: str = "") -> AsyncIterator[bool]:
        async with hold(self, job, county) as held:
            append_trace("leases", [job, county, held])
            yield held

    Leases.hold = hold_with_trace  # type: ignore[method-assign]


def _wrap_outbox() -> None:
    """`histories_published`: histories are on the stream and still pending in the outbox."""
    mark_published = Outbox._mark_published

    async def mark_with_fault(self: Outbox, connection: Any, rows: Any) -> None:
        await pass_point("histories_published")
        await mark_published(self, connection, rows)

    Outbox._mark_published = mark_with_fault  # type: ignore[method-assign]


def _wrap_time_limits() -> None:
    """A test can hold a transaction for longer than the product allows, however busy the machine is."""
    if seconds := os.environ.get("HVA_TEST_IDLE_S"):
        _pool._WRITER["idle_in_transaction_session_timeout"] = f"{seconds}s"


def _wrap_clock() -> None:
    """The clock of ingest is ahead by the seconds in the file `ahead`, as soon as the file exists."""
    clock, ahead = services.ingest.app.system_clock, FOLDER / "ahead"

    def shifted_clock() -> datetime:
        return clock() + timedelta(seconds=float(ahead.read_text()) if ahead.exists() else 0.0)

    _ingest.system_clock = shifted_clock


def _wrap_group() -> None:
    subscriber, group_id = _KafkaBroker.subscriber, _consume.group_id
    suffix = os.environ.get("HVA_TEST_GROUP_SUFFIX", "")

    def subscriber_with_timeout(self: Any, *topics: str, **settings: Any) -> Any:
        session = int(os.environ["HVA_TEST_SESSION_MS"])
        timeouts = {"session_timeout_ms": session, "heartbeat_interval_ms": session // 5}
        return subscriber(self, *topics, **settings | timeouts)

    def group_id_with_suffix(service: str, topic: Topic) -> str:
        return str(group_id(service, topic)) + suffix

    _KafkaBroker.subscriber = subscriber_with_timeout
    _consume.group_id = group_id_with_suffix


if __name__ == "__main__":
    _wrap_batches()
    _wrap_store()
    _wrap_sql_commit()
    _wrap_publishing()
    _wrap_cells()
    _wrap_leases()
    _wrap_outbox()
    _wrap_time_limits()
    _wrap_clock()
    _wrap_group()
    if mutant := os.environ.get("HVA_TEST_MUTANT"):
        MUTANTS[mutant]()
    name = sys.argv[1]
    main(name, _BUILDS[name])
