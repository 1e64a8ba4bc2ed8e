"""Follows the cells of a contender until they are right, or until they stay wrong."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import asyncpg

from tests.bench.side_by_side.contenders import Cells, Contender
from tests.bench.stage import Database, Running

_POLL_S: Final = 0.05
_KEY: Final = 4  # columns
STALL_S: Final = 40.0  # without a change; longer than a restarted member waits for the session of a killed one


@dataclass(frozen=True, slots=True)
class Wrong:
    """How many of the cells differ."""

    cells: int
    of: int


async def total(connection: "asyncpg.Connection[asyncpg.Record]", contender: Contender) -> int:
    """The number of facts in the cells."""
    return int(await connection.fetchval(contender.total))


async def wrong(connection: "asyncpg.Connection[asyncpg.Record]", contender: Contender, expected: Cells) -> Wrong:
    """Compare all cells. A cell of zeros is the same as none."""
    rows = await connection.fetch(contender.cells)
    found = {tuple(row[:_KEY]): tuple(row[_KEY:]) for row in rows}
    found = {key: counts for key, counts in found.items() if any(counts)}
    keys = found.keys() | expected.keys()
    return Wrong(sum(found.get(key) != expected.get(key) for key in keys), len(expected))


def check(running: Running) -> None:
    """Raises RuntimeError if the process has ended; its first line is the last one of the log."""
    if running.process.returncode is not None:
        log = running.log.read_text()[-2000:].strip()
        raise RuntimeError(f"ended: {log.splitlines()[-1] if log else 'without a word'}\n{log}")


async def until_right(
    database: Database,
    contender: Contender,
    running: Running,
    expected: Cells,
    max_seconds: float = 600.0,
    stall_s: float = STALL_S,
) -> tuple[float, Wrong]:
    """Wait until all cells are right, their total has not changed for `stall_s`, or `max_seconds` are over.

    Returns the time (`perf_counter`) of the last change that was seen, and what is wrong. Raises RuntimeError if the
    process has ended.
    """
    wanted = sum(counts[column] for counts in expected.values() for column in contender.facts)
    connection = await asyncpg.connect(database.dsn())
    try:
        started = changed_at = time.perf_counter()
        before = -1
        while True:
            now, counted = time.perf_counter(), await total(connection, contender)
            if counted != before:
                before, changed_at = counted, now
            over = now - changed_at > stall_s or now - started > max_seconds
            if counted == wanted or over:  # comparing all cells is not free
                found = await wrong(connection, contender, expected)
                if over or found.cells == 0:
                    return (changed_at if over else now), found
            check(running)
            await asyncio.sleep(_POLL_S)
    finally:
        await connection.close()
