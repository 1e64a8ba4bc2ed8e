"""Builds membership histories as they arrive on the segment stream, and runs two writers concurrently."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

import asyncpg

from shared.contracts.segment import History, encode_history
from shared.dead_letters import DeadLetterCipher, Rejected
from shared.keys import Key
from shared.postgres.commit import StoreCommit
from shared.record import PlainRecord
from shared.segment import decode_segment
from tests.by_county import commit_by_county
from tests.deadlines import DEADLINE_S
from tests.replica import wait_until

COUNTY = "oma-hame"
CIPHER = DeadLetterCipher([Key("l1", b"x" * 32)])

Pool = Any
Apply = Callable[[Any, str, Sequence[Any]], Awaitable[Any]]


def history(client: str, version: int, *intervals: tuple[str, str | None], county: str = COUNTY) -> History:
    """The history that a service decodes from the bytes of a record."""
    dates = [(date.fromisoformat(first), end and date.fromisoformat(end)) for first, end in intervals]
    value = encode_history(county, client, version, dates)  # type: ignore[arg-type]
    found = decode_segment(PlainRecord("hva.segment.v1", 0, 0, 0, client.encode(), value))
    assert found is not None and not isinstance(found, Rejected)
    return found


def latest(histories: Sequence[History]) -> dict[str, History]:
    """The history with the greatest version of each client."""
    return {history.client: history for history in sorted(histories, key=lambda history: history.version)}


async def commit(schema: str, pool: Pool, apply: Apply, events: Sequence[Any]) -> Any:
    return await commit_by_county(StoreCommit(schema, pool, CIPHER, apply), events)


async def run_concurrently(
    pool: Pool, first: Callable[[Callable[[Apply], Apply]], Awaitable[Any]], second: Any
) -> bool:
    """Stop `first` before its COMMIT until `second` waits for a county lock or ends. Returns whether `second` waited.

    `first` gets a function that wraps its `apply`, so that it stops there.
    """
    first_applied, resume = asyncio.Event(), asyncio.Event()

    def stopping(apply: Apply) -> Apply:
        async def apply_and_stop(connection: Any, county: str, events: Sequence[Any]) -> Any:
            applied = await apply(connection, county, events)
            first_applied.set()
            await resume.wait()
            return applied

        return apply_and_stop

    async with asyncio.timeout(DEADLINE_S):
        first_task = asyncio.create_task(first(stopping))  # type: ignore[arg-type]
        await asyncio.wait([first_task, asyncio.create_task(first_applied.wait())], return_when=asyncio.FIRST_COMPLETED)
        assert first_applied.is_set(), await first_task
        second_task = asyncio.create_task(second())

        async def waits_or_ended() -> bool:
            return second_task.done() or await county_lock_is_awaited(pool)

        await wait_until(waits_or_ended, "the second writer waits or has ended")
        waited = not second_task.done()
        resume.set()
        await asyncio.gather(first_task, second_task)
    return waited


async def county_lock_is_awaited(pool: "asyncpg.Pool[asyncpg.Record]") -> bool:
    query = "select exists (select from pg_locks l join pg_database d on d.oid = l.database "
    query += "where d.datname = current_database() and l.locktype = 'advisory' and not l.granted)"
    return bool(await pool.fetchval(query))
