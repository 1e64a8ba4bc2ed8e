"""Detects plan flips: many short histories on empty databases, without statistics or with outdated ones.

The store runs in this process, without Kafka, so that every batch can be timed separately.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, Final

from shared.dead_letters import DeadLetterCipher, Rejected
from shared.keys import Key
from shared.postgres.commit import StoreCommit
from shared.postgres.pool import make_pool
from shared.postgres.registers import load
from shared.record import PlainRecord
from shared.registers import Registers
from tests.bench.family import Family
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage
from tests.bench.workload import Event, salted
from tests.by_county import commit_by_county

_BATCH: Final = 500
_BATCHES: Final = 12
_SECRET: Final = b"benchmarks have nothing to hide."


@dataclass(frozen=True, slots=True)
class Flips:
    """Milliseconds of a batch of 500 events."""

    histories: int
    batches: int
    p50: float
    p99: float
    slowest: float


async def flips(
    stage: Stage, family: Family, events: list[Event], registers: Registers, sizes: Sizes, report: Callable[[str], None]
) -> Flips:
    """Each history analyzes the database at another time: never, on empty tables, after one batch, after two, ..."""
    taken: list[float] = []
    for number in range(sizes.fresh_histories):
        database = await stage.database()
        facts = _facts(family, salted(events[: _BATCH * _BATCHES], f"f{number}"), registers)
        taken += await _history(stage, family, database, facts, registers, analysed=number % (_BATCHES + 1) - 1)
        await stage.drop(database)
    taken.sort()
    found = Flips(sizes.fresh_histories, len(taken), median(taken), taken[int(len(taken) * 0.99)], taken[-1])
    batches = f"{family.name}: {found.batches} batches of {_BATCH}"
    report(f"{batches}: median {found.p50:.0f} ms, slowest {found.slowest:.0f} ms")
    return found


def _facts(family: Family, events: list[Event], registers: Registers) -> list[Any]:
    records = (PlainRecord("flips", 0, i, 0, event.key, event.value) for i, event in enumerate(events))
    outcomes = (family.decode(record, registers) for record in records)
    return [fact for fact in outcomes if not isinstance(fact, Rejected)]


async def _history(
    stage: Stage, family: Family, database: Database, facts: list[Any], registers: Registers, analysed: int
) -> list[float]:
    """Milliseconds of each batch except the first, which opens the connection. `analysed` = -1 means never."""
    pool = await make_pool(database.dsn(f"hva_{family.name}"), "bench-flips")
    apply = partial(family.apply, registers=registers)
    commit = StoreCommit(family.name, pool, DeadLetterCipher((Key("bench", _SECRET),)), apply)
    taken = []
    try:
        async with pool.acquire() as connection:
            await load(connection, registers)
        for number in range(_BATCHES):
            if number == analysed:
                await stage.execute(database, "analyze")
            started = time.perf_counter()
            await commit_by_county(commit, facts[number * _BATCH : (number + 1) * _BATCH])
            taken.append((time.perf_counter() - started) * 1000)
    finally:
        await pool.close()
    return taken[1:]
