"""Whatever changes after a closing, the contributions of the changed facts add up to the change of every count."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.fcr import store as fcr_store
from services.nps import store as nps_store
from services.segments import store as segments_store
from shared.contracts.segment import History
from shared.postgres.commit import StoreCommit
from shared.registers import Registers
from tests.product import Database
from tests.store import fcr_harness, segments_harness, test_nps_store
from tests.store.closing import Cells, Closing, additive, steward_of
from tests.store.closing_random import CLIENTS, care, changed_registers, contact, feedback, history
from tests.store.registers import replace_registers
from tests.store.test_nps_store import CIPHER, nps, pool, registers

__all__ = ["nps", "pool", "registers"]

PERIODS = ("2026-03", "2026Q1", "2026")


async def relabel(pool: Any, family: str, apply: Any, histories: list[History]) -> None:
    await StoreCommit(family, pool, CIPHER, apply)(histories, [])


async def use_registers(pool: Any, refold: Any, registers: Registers) -> None:
    async with pool.acquire() as connection:
        await replace_registers(connection, registers)
    await refold.run(pool, registers)


@pytest.fixture
async def steward(database: Database) -> AsyncIterator[Any]:
    connection = await steward_of(database)
    yield connection
    await connection.close()


@pytest.mark.parametrize("seed", range(2))
async def test_changes_of_feedback_add_up(
    nps: Any, database: Database, steward: Any, tmp_path: Path, seed: int
) -> None:
    chance, closing = random.Random(seed), Closing(database, ["nps"], steward)
    await nps.feed(*(feedback(chance, chance.randrange(30), chance.randrange(1, 3)) for _ in range(80)))
    before = {}
    for period in PERIODS:
        await closing.close(period)
        before[period] = await closing.cells(period)
    for round in range(10):
        match chance.randrange(7):
            case 6:
                nps.registers = changed_registers(tmp_path / str(round), chance)
                await use_registers(nps.pool, nps_store.REFOLD, nps.registers)
            case 0:
                erased = [test_nps_store.erased(chance.choice(CLIENTS))]
                await nps.erase(*erased)
            case 1:
                histories = [history(chance, client, round + 1) for client in chance.sample(CLIENTS, 2)]
                await relabel(nps.pool, "nps", nps_store.apply_histories, histories)
            case _:
                facts = (feedback(chance, chance.randrange(30), chance.randrange(1, 9)) for _ in range(6))
                await nps.feed(*facts)
    for period in PERIODS:
        after = await closing.cells(period)
        assert await closing.assert_explained(before[period], after, additive("nps"))
        await closing.assert_causes(period, before[period], after)


@pytest.mark.parametrize("seed", range(2))
async def test_changes_of_contacts_add_up(database: Database, steward: Any, tmp_path: Path, seed: int) -> None:
    chance, closing = random.Random(seed), Closing(database, ["fcr"], steward)
    async with fcr_harness.open_store(database) as fcr:
        await fcr.feed(*(contact(chance, chance.randrange(40), chance.randrange(1, 3)) for _ in range(120)))
        await fcr.refresh_cells()
        before = {}
        for period in PERIODS:
            await closing.close(period)
            before[period] = await closing.cells(period)
        for round in range(10):
            match chance.randrange(7):
                case 0:
                    await fcr.erase(chance.choice(CLIENTS))
                case 1:
                    one, other = chance.sample(CLIENTS, 2)
                    data = {"merge_id": f"m{chance.randrange(3)}", "from": one, "into": other}
                    await fcr.feed_persons(fcr_harness.record("client.merged", round + 1, **data))
                case 2:
                    histories = [history(chance, client, round + 1) for client in chance.sample(CLIENTS, 2)]
                    await relabel(fcr.pool, "fcr", fcr_store.apply_histories, histories)
                case 3:
                    fcr.registers = changed_registers(tmp_path / str(round), chance)
                    await use_registers(fcr.pool, fcr_store.REFOLD, fcr.registers)
                case _:
                    await fcr.feed(*(contact(chance, chance.randrange(40), chance.randrange(1, 9)) for _ in range(6)))
        await fcr.refresh_cells()
        for period in PERIODS:
            after = await closing.cells(period)
            assert await closing.assert_explained(before[period], after, additive("fcr"))
            await closing.assert_causes(period, before[period], after)


@pytest.mark.parametrize("seed", range(2))
async def test_changes_of_care_add_up(database: Database, steward: Any, tmp_path: Path, seed: int) -> None:
    chance, closing = random.Random(seed), Closing(database, ["segments"], steward)
    counts = {**additive("segments"), "events_per_client": ("member_events",)}
    async with segments_harness.open_store(database) as segments:
        await segments.feed(*(care(chance, chance.randrange(40), chance.randrange(1, 3)) for _ in range(120)))
        before = {}
        for period in PERIODS:
            await closing.close(period)
            before[period] = await closing.cells(period)
        for round in range(10):
            match chance.randrange(7):
                case 0:
                    await segments.feed(segments_harness.erased(chance.choice(CLIENTS)))
                case 1:
                    one, other = chance.sample(CLIENTS, 2)
                    await segments.feed(segments_harness.merged(f"m{chance.randrange(3)}", one, other, round + 1))
                case 2:
                    await segments.refold(enabled=tuple(chance.sample(["E1", "E2", "E3", "E4", "E6"], 3)))
                case 3:
                    await segments.use(changed_registers(tmp_path / str(round), chance))
                    await segments_store.REFOLD.run(segments.pool, segments.registers)
                case _:
                    await segments.feed(*(care(chance, chance.randrange(40), chance.randrange(1, 9)) for _ in range(6)))
        for period in PERIODS:
            after = await closing.cells(period)
            assert await closing.assert_explained(before[period], after, counts)
            await assert_plans_are_explained(closing, before[period], after)
            await closing.assert_causes(period, before[period], after)


async def assert_plans_are_explained(closing: Closing, before: Cells, after: Cells) -> None:
    """Plans are counted one by one, other than common clients."""
    plans = [({k: row for k, row in cells.items() if k[1][-1] == "plan"}) for cells in (before, after)]
    await closing.assert_explained(plans[0], plans[1], {"common_clients": ("stock", "new")})
