"""Histories of membership as the segment stream brings them, and two writers at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

import asyncpg

from shared.contracts.segment import History, encode_history
from shared.dead_letters import Rejected, Sealer
from shared.keys import Key
from shared.postgres.commit import StoreCommit
from shared.record import PlainRecord
from shared.segment import decode_segment
from tests.deadlines import PATIENCE_S
from tests.replica import until

COUNTY = "oma-hame"
SEALER = Sealer([Key("l1", b"x" * 32)])

Pool = Any
Apply = Callable[[Any, str, Sequence[Any]], Awaitable[Any]]


def history(client: str, version: int, *intervals: tuple[str, str | None], county: str = COUNTY) -> History:
    """What comes of a record, by way of its bytes."""
    dates = [(date.fromisoformat(first), until and date.fromisoformat(until)) for first, until in intervals]
    value = encode_history(county, client, version, dates)  # type: ignore[arg-type]
    found = decode_segment(PlainRecord("hva.segment.v1", 0, 0, 0, client.encode(), value))
    assert found is not None and not isinstance(found, Rejected)
    return found


def latest(histories: Sequence[History]) -> dict[str, History]:
    """The greatest version of each client."""
    return {history.client: history for history in sorted(histories, key=lambda history: history.version)}


async def commit(schema: str, pool: Pool, apply: Apply, events: Sequence[Any]) -> Any:
    return await StoreCommit(schema, pool, SEALER, apply)(events, [])


async def at_once(pool: Pool, first: Callable[[Callable[[Apply], Apply]], Awaitable[Any]], second: Any) -> bool:
    """Take `first` to its COMMIT and hold it there until `second` waits for a county or is done; whether it waited.

    `first` is given what makes its `apply` hold.
    """
    held, free = asyncio.Event(), asyncio.Event()

    def holding(apply: Apply) -> Apply:
        async def held_up(connection: Any, county: str, events: Sequence[Any]) -> Any:
            applied = await apply(connection, county, events)
            held.set()
            await free.wait()
            return applied

        return held_up

    async with asyncio.timeout(PATIENCE_S):
        one = asyncio.create_task(first(holding))  # type: ignore[arg-type]
        await asyncio.wait([one, asyncio.create_task(held.wait())], return_when=asyncio.FIRST_COMPLETED)
        assert held.is_set(), await one
        other = asyncio.create_task(second())

        async def waits_or_is_done() -> bool:
            return other.done() or await anyone_waits(pool)

        await until(waits_or_is_done, "the second writer waits or is done")
        waits = not other.done()
        free.set()
        await asyncio.gather(one, other)
    return waits


async def anyone_waits(pool: "asyncpg.Pool[asyncpg.Record]") -> bool:
    query = "select exists (select from pg_locks l join pg_database d on d.oid = l.database "
    query += "where d.datname = current_database() and l.locktype = 'advisory' and not l.granted)"
    return bool(await pool.fetchval(query))
