"""`python -m shared.publication`: one publication in a separate process, so that the service keeps consuming.

Reads one line of JSON from standard input: `dsn`, `family`, `county`, `year`, `now`. Ends at the end of standard input,
with the service that started it. Exit codes: 0 published, 1 failed, 3 another publisher of the family is at work.
"""

import asyncio
import json
import os
import sys
import threading
from datetime import datetime
from typing import Any, Final

import asyncpg

from shared.publication.priority import yield_to_others

BUSY: Final = 3
_SETTINGS: Final = {"timezone": "UTC", "jit": "off", "max_parallel_workers_per_gather": "0"}


def main() -> None:
    """Publish what standard input says."""
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    yield_to_others()
    sys.exit(asyncio.run(_publish(job)))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


async def connect(dsn: str, family: str) -> "asyncpg.Connection[asyncpg.Record]":
    """The connection of a publisher. Its queries use one core at most."""
    return await asyncpg.connect(dsn, server_settings={"application_name": f"hva-{family}-publisher", **_SETTINGS})


async def _publish(job: dict[str, Any]) -> int:
    # Imported at low priority: that takes a quarter of a second of a core.
    from shared.publication.publish import publish
    from shared.publication.snapshot import CountyYear

    family = job["family"]
    connection = await connect(job["dsn"], family)
    try:
        county_year, now = CountyYear(job["county"], job["year"]), datetime.fromisoformat(job["now"])
        done = await publish(connection, family, county_year, now)
    finally:
        await connection.close()
    return 0 if done else BUSY


if __name__ == "__main__":
    main()
