"""Each mutant removes one guarantee of the product. A test must detect each of them."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cached_property
from typing import Any, Final

import services.fcr.cells as cells
import services.segments.store as segments
import shared.postgres.commit
import shared.postgres.refold
from services.fcr.cells import Cells
from shared.batch import BatchRunner
from shared.dead_letters import Rejected
from shared.postgres.commit import StoreCommit
from shared.postgres.facts import FactTable
from shared.postgres.lease import Leases


def no_county_lock() -> None:
    """Writers of a county are not serialised, neither by the county lock nor by the row with the register version."""

    async def lock_nothing(*_: Any) -> bool:
        return True

    package: Any = shared.postgres
    package.commit.try_lock_county = package.refold.lock_county = lock_nothing
    package.refold._RECORD_VERSION = "select $1::text, $2::text, $3::text, $4::text"


def equal_rank_wins() -> None:
    """A fact of equal rank replaces the stored one."""
    original = FactTable._upsert_sql
    assert isinstance(original, cached_property)

    def mutated_sql(self: FactTable[Any]) -> str:
        return str(original.func(self)).replace("fact.rank < excluded.rank", "fact.rank <= excluded.rank")

    FactTable._upsert_sql = property(mutated_sql)


def rejected_record_is_lost() -> None:
    """A rejected record is acknowledged without a dead letter."""
    commit_once = BatchRunner._commit_once

    async def commit_without_dead_letters(self: BatchRunner[Any], items: Sequence[Any], patience_s: float) -> None:
        await commit_once(self, [item for item in items if not isinstance(item.outcome, Rejected)], patience_s)

    BatchRunner._commit_once = commit_without_dead_letters  # type: ignore[method-assign]


def failed_batch_is_acknowledged() -> None:
    """A failed batch is acknowledged."""

    commit = BatchRunner._commit_or_bisect

    async def commit_ignoring_errors(self: BatchRunner[Any], items: Sequence[Any], patience_s: float) -> None:
        with contextlib.suppress(Exception):
            await commit(self, items, patience_s)

    BatchRunner._commit_or_bisect = commit_ignoring_errors  # type: ignore[method-assign]


def no_lease() -> None:
    """Every replica gets every lease."""

    @contextlib.asynccontextmanager
    async def hold_nothing(self: Leases, job: str, county: str = "") -> AsyncIterator[bool]:
        yield True

    Leases.hold = hold_nothing  # type: ignore[method-assign]


def stale_cleared_before_count() -> None:
    """The stale mark of a period is cleared before its cells are counted, not after."""
    count = Cells._count

    async def clear_then_count(self: Cells, connection: Any, period: tuple[str, str, str], days: Any) -> None:
        number = await connection.fetchval(cells._CHANGE_NUMBER, *period)
        await connection.execute(cells._CLEAR_STALE, *period, number)
        await count(self, connection, period, days)

    Cells._count = clear_then_count  # type: ignore[method-assign]


def outbox_after_commit() -> None:
    """Histories are written to the outbox after the commit of the batch, in a separate transaction."""
    module: Any = segments
    enqueue, call = module.enqueue_histories, StoreCommit.__call__
    postponed: list[tuple[Any, ...]] = []

    async def postpone(connection: Any, *arguments: Any) -> None:
        postponed.append(arguments)

    async def commit_then_enqueue(self: StoreCommit[Any], *arguments: Any) -> Any:
        applied = await call(self, *arguments)
        while postponed:
            async with self._pool.acquire() as connection, connection.transaction():
                await enqueue(connection, *postponed.pop())
        return applied

    module.enqueue_histories = postpone
    StoreCommit.__call__ = commit_then_enqueue  # type: ignore[method-assign]


_ALL: Final = (
    no_county_lock,
    equal_rank_wins,
    rejected_record_is_lost,
    failed_batch_is_acknowledged,
    no_lease,
    stale_cleared_before_count,
    outbox_after_commit,
)
MUTANTS: Final[dict[str, Callable[[], None]]] = {mutant.__name__: mutant for mutant in _ALL}
