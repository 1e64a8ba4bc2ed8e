"""Registers that change again during a refold: in the end all facts are derived by the latest registers."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.nps.store import REFOLD
from shared.postgres import refold
from shared.postgres.lock import Connection
from shared.postgres.pool import make_pool
from shared.postgres.refold import Refold
from shared.postgres.restated import Explained
from shared.registers import Registers, load_folder
from tests.product import Database
from tests.store.registers import replace_registers
from tests.store.test_nps_store import Store
from tests.store.test_refold import CONFIG, figures, store_with_facts, tables

COUNTY = "oma-hame"


@pytest.fixture
async def pool(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    monkeypatch.setattr(refold, "CHUNK", 1)
    pool = await make_pool(database.dsn("hva_nps"), "test")
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
def first() -> Registers:
    return load_folder(CONFIG)


@pytest.fixture
def second(tmp_path: Path) -> Registers:
    return changed_registers(tmp_path / "second", "uusi-toimiala", 120)


@pytest.fixture
def third(tmp_path: Path) -> Registers:
    return changed_registers(tmp_path / "third", "kolmas-toimiala", 30)


def changed_registers(folder: Path, division: str, minutes: int) -> Registers:
    """The sample registers with another division, and with a reply to feedback promised within `minutes`."""
    shutil.copytree(CONFIG, folder)
    units = (folder / "units.csv").read_text()
    (folder / "units.csv").write_text(units.replace(",sote,", f",{division},"))
    promises = (folder / "promises.csv").read_text()
    (folder / "promises.csv").write_text(f"{promises}{COUNTY},feedback,,minutes,{minutes},2026-02-01\n")
    return load_folder(folder)


async def use_registers(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> None:
    async with pool.acquire() as connection:
        await replace_registers(connection, registers)


async def begin_refold(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers, chunks: int) -> None:
    """Replace the registers and refold some chunks of facts."""
    await use_registers(pool, registers)
    for _ in range(chunks):
        assert await REFOLD.step(pool, COUNTY, registers) is not None


async def figures_of_fresh_start(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> list[object]:
    """Facts and figures of a store that has only had these registers. Empties the store."""
    found = await figures(await store_with_facts(pool, registers))
    await pool.execute("".join(f"delete from nps.{table};" for table in await tables(pool)))
    return found


async def refold_row(store: Store) -> tuple[Any, ...]:
    (found,) = await store.fetch("select version, target, registers from nps.refold")
    return found


CHUNKS_DONE = [2, 5, 8, 13]
"""Chunks done before the registers change again: within the first table, at its end, within the second, at the end."""


@pytest.mark.parametrize("chunks", CHUNKS_DONE)
async def test_registers_changed_back_during_a_refold(
    pool: "asyncpg.Pool[asyncpg.Record]", first: Registers, second: Registers, chunks: int
) -> None:
    store = await store_with_facts(pool, first)
    before = await figures(store)
    await begin_refold(pool, second, chunks)
    assert await figures(store) != before
    assert (await refold_row(store))[0] == "mixed"
    await use_registers(pool, first)
    assert await REFOLD.run(pool, first) > 0
    assert await figures(store) == before
    assert await refold_row(store) == (REFOLD.version(first), None, first.version)


@pytest.mark.parametrize("chunks", CHUNKS_DONE)
async def test_registers_changed_again_during_a_refold(
    pool: "asyncpg.Pool[asyncpg.Record]", first: Registers, second: Registers, third: Registers, chunks: int
) -> None:
    expected = await figures_of_fresh_start(pool, third)
    store = await store_with_facts(pool, first)
    await begin_refold(pool, second, chunks)
    await use_registers(pool, third)
    assert await REFOLD.run(pool, second) == 0, "a replica with superseded registers refolds nothing"
    assert await REFOLD.run(pool, third) > 0
    assert await figures(store) == expected
    assert await refold_row(store) == (REFOLD.version(third), None, third.version)


def with_registers_changed(pool: "asyncpg.Pool[asyncpg.Record]", after: int, registers: Registers) -> Refold:
    """The refold of the service. The registers change when it has folded changes `after` times."""
    folded = 0

    async def fold(connection: Connection, county: str, part: Explained) -> None:
        nonlocal folded
        await REFOLD.fold(connection, county, part)
        folded += 1
        if folded == after:
            await use_registers(pool, registers)

    return replace(REFOLD, fold=fold)


@pytest.mark.parametrize("after", [1, 8])
@pytest.mark.parametrize("last", ["first", "third"])
async def test_refold_stops_when_the_registers_change(
    pool: "asyncpg.Pool[asyncpg.Record]",
    first: Registers,
    second: Registers,
    third: Registers,
    last: str,
    after: int,
) -> None:
    end = {"first": first, "third": third}[last]
    expected = await figures_of_fresh_start(pool, end)
    store = await store_with_facts(pool, first)
    await use_registers(pool, second)
    await with_registers_changed(pool, after, end).run(pool, second)
    assert await refold_row(store) == ("mixed", REFOLD.version(second), "")
    await REFOLD.run(pool, end)
    assert await figures(store) == expected
    assert await refold_row(store) == (REFOLD.version(end), None, end.version)
