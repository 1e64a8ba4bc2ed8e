"""One publication from start to end, on its own connection."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from shared.postgres.lock import SERVICE_NUMBERS, Connection
from shared.publication.protection import Protected, protected
from shared.publication.snapshot import Snapshot, Unit, read
from shared.publication.swap import swap

LOCK: Final = 0x7075_626C  # with the number of the family: one publisher at a time, freed when its connection ends
_TAKE: Final = "select pg_try_advisory_lock($1, $2)"
_GIVE: Final = "select pg_advisory_unlock($1, $2)"

Protect = Callable[[Snapshot], Protected]


def protect_snapshot(snapshot: Snapshot) -> Protected:
    """The publishable rows of a snapshot."""
    return protected(snapshot.cells, snapshot.spans, snapshot.sensitive)


async def publish(
    connection: Connection, family: str, unit: Unit, now: datetime, protect: Protect = protect_snapshot
) -> bool:
    """Publish a unit of a family as of `now`; False where another publisher of the family is at work.

    Raises what went wrong; what was published before stays.
    """
    key = (LOCK, SERVICE_NUMBERS[family])
    if not await connection.fetchval(_TAKE, *key):
        return False
    try:
        began = time.monotonic()
        snapshot = await read(connection, family, unit, now)
        rows = protect(snapshot)
        await swap(connection, family, unit, snapshot, rows, now, lambda: time.monotonic() - began)
    finally:
        if not connection.is_closed():
            await connection.execute(_GIVE, *key)
    return True
