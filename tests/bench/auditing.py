"""Memory and time of the nightly audit: a process of its own audits one county of a large database.

`python -m tests.bench.auditing FAMILY DSN COUNTY` is that process; it prints one line of JSON.
"""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from services.fcr.cells import Cells
from services.fcr.store import REPLAY as FCR_REPLAY
from services.nps.store import REPLAY as NPS_REPLAY
from services.segments.store import REPLAY as SEGMENTS_REPLAY
from shared.postgres.chunks import Pool
from shared.postgres.lease import unshared
from shared.postgres.pool import close_pool, make_pool
from shared.postgres.replay import Replay
from shared.registers import load_folder
from tests.bench.family import Family
from tests.bench.measure import peak_mib
from tests.bench.reading import COUNTY
from tests.bench.stage import Database, Stage
from tests.bench.workload import registers_folder

_REPLAYS: Final[Mapping[str, Replay]] = {replay.schema: replay for replay in (NPS_REPLAY, FCR_REPLAY, SEGMENTS_REPLAY)}
_CONNECTIONS: Final = 3  # as a service has for its jobs


@dataclass(frozen=True, slots=True)
class Audited:
    """One audit: facts and stored values compared; seconds, and CPU of the process; resident memory in MiB before
    and at its peak.
    """

    facts: int
    cells: int
    seconds: float
    cpu_s: float
    before_mib: float
    peak_mib: float


async def audited(stage: Stage, family: Family, database: Database) -> Audited:
    """Audit one county of the database."""
    arguments = (family.name, database.dsn(f"hva_{family.name}"), COUNTY)
    running = await stage.program("audit", [sys.executable, "-m", "tests.bench.auditing", *arguments], {})
    if await running.process.wait():
        running.fail("the audit failed")
    return Audited(**orjson.loads(running.log.read_bytes().splitlines()[-1]))


async def _audit(family: str, dsn: str, county: str) -> dict[str, float]:
    registers = load_folder(registers_folder())
    pool = await make_pool(dsn, "bench-audit", _CONNECTIONS)
    try:
        before_mib, started, cpu = peak_mib(os.getpid()), time.perf_counter(), time.process_time()
        found = await _replay(family, pool).audit_county(pool, county, registers)
    finally:
        await close_pool(pool)
    return {
        "facts": found.facts,
        "cells": found.cells,
        "seconds": time.perf_counter() - started,
        "cpu_s": time.process_time() - cpu,
        "before_mib": before_mib,
        "peak_mib": peak_mib(os.getpid()),
    }


def _replay(family: str, pool: Pool) -> Replay:
    replay = _REPLAYS[family]
    return replace(replay, cells=Cells(pool, unshared, _CONNECTIONS - 1).check) if family == "fcr" else replay


if __name__ == "__main__":
    print(orjson.dumps(asyncio.run(_audit(*sys.argv[1:]))).decode())
