"""Guarantees of the product taken away one at a time: each must be noticed by the test that stands for it."""

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

import services.fcr.cells as cells
import services.segments.store as segments
import shared.postgres.commit
import shared.postgres.refold
from services.fcr.cells import Cells
from shared.batch import BatchRunner
from shared.postgres.commit import StoreCommit
from shared.postgres.facts import FactTable
from shared.record import Record


def no_county_lock() -> None:
    """Nothing orders the writers of a county, nor the row that says by which registers its facts were derived."""

    async def free(connection: Any, service: str, counties: Any) -> None:
        """Take no lock."""

    rooms: Any = shared.postgres
    rooms.commit.lock_counties = rooms.refold.lock_counties = free
    rooms.refold._RECORD_VERSION = "select $1::text, $2::text, $3::text, $4::text"


def equal_order_wins() -> None:
    """A fact as great as the stored one takes its place: `>=` for `>`."""
    original = FactTable._upsert_sql
    assert isinstance(original, cached_property)

    def sql(self: FactTable[Any]) -> str:
        return str(original.func(self)).replace("fact.rank < excluded.rank", "fact.rank <= excluded.rank")

    FactTable._upsert_sql = property(sql)


def reject_is_ack() -> None:
    """What is rejected is acknowledged and kept nowhere."""
    patiently = BatchRunner._commit_with_retry

    async def without_letters(self: BatchRunner[Any], events: Sequence[Any], dead_letters: Sequence[Any]) -> Any:
        return await patiently(self, events, [])

    BatchRunner._commit_with_retry = without_letters  # type: ignore[method-assign]


def error_is_ack() -> None:
    """A batch that failed is acknowledged."""
    run = BatchRunner.run

    async def swallowing(self: BatchRunner[Any], records: Sequence[Record]) -> None:
        try:
            await run(self, records)
        except Exception:
            return

    async def once(self: BatchRunner[Any], events: Sequence[Any], dead_letters: Sequence[Any]) -> Any:
        return await self._commit(events, dead_letters)

    BatchRunner.run, BatchRunner._commit_with_retry = swallowing, once  # type: ignore[method-assign]


def everyone_counts() -> None:
    """Nothing keeps replicas from counting the cells of a period beside each other."""
    rooms: Any = cells
    rooms._LOCK = os.getpid()


def fresh_before_counted() -> None:
    """A period is no longer stale when its cells begin to be counted, not when they are."""
    count = Cells._count

    async def hasty(self: Cells, connection: Any, period: tuple[str, str, str], days: Any) -> None:
        mark = await connection.fetchval(cells._CHANGE_NUMBER, *period)
        await connection.execute(cells._CLEAR_STALE, *period, mark)
        await count(self, connection, period, days)

    Cells._count = hasty  # type: ignore[method-assign]


def outbox_after_commit() -> None:
    """Histories are written when the batch is committed, in a transaction of their own."""
    module: Any = segments
    enqueue, call = module.enqueue_histories, StoreCommit.__call__
    not_announced: list[tuple[Any, ...]] = []

    async def later(connection: Any, *of_batch: Any) -> None:
        not_announced.append(of_batch)

    async def then_told(self: StoreCommit[Any], events: Any, dead_letters: Any) -> Any:
        applied = await call(self, events, dead_letters)
        while not_announced:
            async with self._pool.acquire() as connection, connection.transaction():
                await enqueue(connection, *not_announced.pop())
        return applied

    module.enqueue_histories = later
    StoreCommit.__call__ = then_told  # type: ignore[method-assign]


_ALL: Final = (
    no_county_lock,
    equal_order_wins,
    reject_is_ack,
    error_is_ack,
    everyone_counts,
    fresh_before_counted,
    outbox_after_commit,
)
MUTANTS: Final[dict[str, Callable[[], None]]] = {mutant.__name__: mutant for mutant in _ALL}
