"""Registers that change again while facts are derived anew: whatever was reached, all facts end up by the last."""

import shutil
from collections.abc import AsyncIterator, Iterable
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
from shared.registers import Registers, load_folder
from tests.product import Database
from tests.store.registers import take_over
from tests.store.test_nps_store import Store
from tests.store.test_refold import CONFIG, fed, figures, tables

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
    return moved(tmp_path / "second", "uusi-toimiala", 120)


@pytest.fixture
def third(tmp_path: Path) -> Registers:
    return moved(tmp_path / "third", "kolmas-toimiala", 30)


def moved(folder: Path, division: str, minutes: int) -> Registers:
    """Every unit of the county in one division, and feedback promised a reply within minutes."""
    shutil.copytree(CONFIG, folder)
    units = (folder / "units.csv").read_text()
    (folder / "units.csv").write_text(units.replace(",sote,", f",{division},"))
    promises = (folder / "promises.csv").read_text()
    (folder / "promises.csv").write_text(f"{promises}{COUNTY},feedback,,minutes,{minutes},2026-02-01\n")
    return load_folder(folder)


async def use(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> None:
    async with pool.acquire() as connection:
        await take_over(connection, registers)


async def begin(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers, chunks: int) -> None:
    """Take registers over and derive some of the facts by them."""
    await use(pool, registers)
    for _ in range(chunks):
        assert await REFOLD.step(pool, COUNTY, registers) is not None


async def by_a_fresh_start(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> list[object]:
    """Facts and figures as they are where there were never other registers; leaves nothing behind."""
    found = await figures(await fed(pool, registers))
    await pool.execute("".join(f"delete from nps.{table};" for table in await tables(pool)))
    return found


async def row(store: Store) -> tuple[Any, ...]:
    (found,) = await store.all("select version, target, registers from nps.refold")
    return found


EVERYWHERE = [2, 5, 8, 13]
"""Chunks done when the registers change again: amid the first table and at its end, amid the second, at the end."""


@pytest.mark.parametrize("chunks", EVERYWHERE)
async def test_there_and_back(
    pool: "asyncpg.Pool[asyncpg.Record]", first: Registers, second: Registers, chunks: int
) -> None:
    store = await fed(pool, first)
    before = await figures(store)
    await begin(pool, second, chunks)
    assert await figures(store) != before
    assert (await row(store))[0] == "mixed"
    await use(pool, first)
    assert await REFOLD.run(pool, first) > 0
    assert await figures(store) == before
    assert await row(store) == (REFOLD.version(first), None, first.version)


@pytest.mark.parametrize("chunks", EVERYWHERE)
async def test_on_to_others(
    pool: "asyncpg.Pool[asyncpg.Record]", first: Registers, second: Registers, third: Registers, chunks: int
) -> None:
    expected = await by_a_fresh_start(pool, third)
    store = await fed(pool, first)
    await begin(pool, second, chunks)
    await use(pool, third)
    assert await REFOLD.run(pool, second) == 0, "who has the old ones leaves it to others"
    assert await REFOLD.run(pool, third) > 0
    assert await figures(store) == expected
    assert await row(store) == (REFOLD.version(third), None, third.version)


def interrupted(pool: "asyncpg.Pool[asyncpg.Record]", after: int, registers: Registers) -> Refold:
    """The refold of the service, during which the registers change after some facts that moved."""
    folded = 0

    async def fold(connection: Connection, county: str, changes: Iterable[Any]) -> None:
        nonlocal folded
        await REFOLD.fold(connection, county, changes)
        folded += 1
        if folded == after:
            await use(pool, registers)

    return replace(REFOLD, fold=fold)


@pytest.mark.parametrize("after", [1, 8])
@pytest.mark.parametrize("last", ["first", "third"])
async def test_a_refold_stops_where_the_registers_change_under_it(
    pool: "asyncpg.Pool[asyncpg.Record]",
    first: Registers,
    second: Registers,
    third: Registers,
    last: str,
    after: int,
) -> None:
    end = {"first": first, "third": third}[last]
    expected = await by_a_fresh_start(pool, end)
    store = await fed(pool, first)
    await use(pool, second)
    await interrupted(pool, after, end).run(pool, second)
    assert await row(store) == ("mixed", REFOLD.version(second), "")
    await REFOLD.run(pool, end)
    assert await figures(store) == expected
    assert await row(store) == (REFOLD.version(end), None, end.version)
