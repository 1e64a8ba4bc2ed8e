"""The cost of activating a changed segment rule for a whole county in one transaction (decision 0016).

Every client has a plan, and the new rule makes clients with a plan members. The benchmark calls the store directly,
step by step, to measure how long each step holds the county lock.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import asyncpg

from services.segments.store import REFOLD, SCHEMA
from shared.labels import MEMBER
from shared.postgres.lock import lock_county
from shared.postgres.pool import make_pool
from shared.postgres.registers import load
from shared.registers import Registers
from tests.bench.sizes import Sizes
from tests.bench.stage import Database, Stage

_EVENTS_FACTOR: Final = 10  # service events per fact that nps and fcr relabel
_EVENTS_PER_CLIENT: Final = 50  # service events of a client, a week apart
_COUNTY: Final = "oma-hame"
_UNIT: Final = "ta-hattula"
_FIRST: Final = date(2025, 1, 1)
_CLIENTS: Final = """
insert into segments.client (county, client, number, person) overriding system value
select $1, 'bench.' || n, n, n from generate_series(1, $2::integer) n
"""
_PLANS: Final = """
insert into segments.plan (county, id, rank, retracted, own_client, person, valid_from)
select $1, n::text, '', false, 'bench.' || n, n, $3::date from generate_series(1, $2::integer) n
"""
_EVENTS: Final = """
insert into segments.service_event (county, id, rank, retracted, unit, unit_row, day, own_client, person, sector,
  event_class, status, occurred_at, segment, done)
select $1, n || '-' || e, '', false, $4, $5, $3::date + 7 * e, 'bench.' || n, n, 'vastaanotto', 'visit', 'done',
  ($3::date + 7 * e)::timestamp, 'other', true
from generate_series(0, $6::integer - 1) e, generate_series(1, $2::integer) n
"""


@dataclass(frozen=True, slots=True)
class Activation:
    """`longest_step_s`: the longest preparing step. `activation_s`: the activating step. Each holds the county lock."""

    clients: int
    relabelled: int
    longest_step_s: float
    activation_s: float


async def measure_activation(
    stage: Stage, registers: Registers, sizes: Sizes, report: Callable[[str], None]
) -> Activation:
    """Measure a rule that makes all clients members."""
    database, clients = await stage.database(), _EVENTS_FACTOR * sizes.labels // _EVENTS_PER_CLIENT
    before, after = _registers_with("E1", registers), _registers_with("E2", registers)
    await _fill(database, clients, before)
    pool = await make_pool(database.dsn("hva_segments"), "bench")
    steps = []
    try:
        async with pool.acquire() as connection:
            await load(connection, before)
            async with connection.transaction():
                await lock_county(connection, SCHEMA, _COUNTY)
                await REFOLD.record_version(connection, _COUNTY, before)
            await load(connection, after)
        done = False
        while not done:
            started = time.perf_counter()
            done = await REFOLD.step(pool, _COUNTY, after) is None
            steps.append(time.perf_counter() - started)
        members = await pool.fetchval("select sum(events)::bigint from segments.care_month where segment = $1", MEMBER)
        assert members == clients * _EVENTS_PER_CLIENT, f"{members} service events are of members ({MEMBER})"
    finally:
        await pool.close()
    await stage.drop(database)
    found = Activation(clients, clients * _EVENTS_PER_CLIENT, max(steps[:-1]), steps[-1])
    prepared = f"segments: a rule for {clients} clients prepared in {sum(steps[:-1]):.1f} s"
    report(f"{prepared}, activated in {found.activation_s:.1f} s")
    return found


def _registers_with(ground: str, registers: Registers) -> Registers:
    """The registers with only this ground enabled."""
    versions = {part: f"{version} {ground}" for part, version in registers.versions.items()}
    rule = replace(registers.segment_rule, enabled=(ground,))
    return replace(registers, segment_rule=rule).versioned(versions)


async def _fill(database: Database, clients: int, registers: Registers) -> None:
    row = registers.unit_row(_COUNTY, _UNIT, _FIRST).key
    connection = await asyncpg.connect(database.dsn())
    try:
        await connection.execute(_CLIENTS, _COUNTY, clients)
        await connection.execute(_PLANS, _COUNTY, clients, _FIRST)
        await connection.execute(_EVENTS, _COUNTY, clients, _FIRST, _UNIT, row, _EVENTS_PER_CLIENT)
        await connection.execute("vacuum analyze segments.service_event")
    finally:
        await connection.close()
