"""One publication from start to end, on its own connection."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from shared.postgres.lock import SERVICE_NUMBERS, Connection
from shared.publication.protection import Protected, protected
from shared.publication.replace import replace_published
from shared.publication.snapshot import CountyYear, Snapshot, read

LOCK: Final = 0x7075_626C  # with the number of the family: one publisher at a time; released when its connection ends
_TRY_LOCK: Final = "select pg_try_advisory_lock($1, $2)"
_UNLOCK: Final = "select pg_advisory_unlock($1, $2)"

Protect = Callable[[Snapshot], Protected]


def protect_snapshot(snapshot: Snapshot) -> Protected:
    """The publishable rows of a snapshot."""
    return protected(snapshot.cells, snapshot.spans, snapshot.sensitive)


async def publish(
    connection: Connection, family: str, county_year: CountyYear, now: datetime, protect: Protect = protect_snapshot
) -> bool:
    """Publish a county and year of a family as of `now`. Returns False while another publisher works.

    Passes errors on; the previous publication then stays.
    """
    key = (LOCK, SERVICE_NUMBERS[family])
    if not await connection.fetchval(_TRY_LOCK, *key):
        return False
    try:
        began = time.monotonic()
        snapshot = await read(connection, family, county_year, now)
        rows = protect(snapshot)
        await replace_published(connection, family, county_year, snapshot, rows, now, lambda: time.monotonic() - began)
    finally:
        if not connection.is_closed():
            await connection.execute(_UNLOCK, *key)
    return True
