"""Changed registers: facts are derived anew, figures follow, and a writer with old registers undoes nothing."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from services.nps.store import REFOLD
from shared.postgres import refold
from shared.postgres.pool import make_pool
from shared.registers import Registers, load_folder
from tests.product import SAMPLE, Database
from tests.store.registers import take_over
from tests.store.test_nps_store import START, Store, answered, record, state, story

CONFIG = SAMPLE / "config"


@pytest.fixture
def changed(tmp_path: Path) -> Registers:
    """`keskus` belongs to another division from the middle of the month on, and feedback is promised a reply in 2 h."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    units = (folder / "units.csv").read_text().splitlines()
    rows = [line for line in units if line.startswith("oma-hame,keskus,")]
    assert len(rows) == 1
    units[units.index(rows[0])] = rows[0].rsplit(",", 1)[0] + ",2026-03-02"
    units.append(rows[0].replace(",sote,", ",uusi-toimiala,").replace("2023-01-01", "2026-03-02"))
    (folder / "units.csv").write_text("\n".join(units) + "\n")
    promises = (folder / "promises.csv").read_text()
    (folder / "promises.csv").write_text(promises + "oma-hame,feedback,,minutes,120,2026-02-01\n")
    return load_folder(folder)


def feedback(id: str, replied_after: timedelta) -> object:
    at = {"given_at": START.isoformat(), "replied_at": (START + replied_after).isoformat()}
    return record(
        "feedback.given", feedback_id=id, unit="keskus", channel="web", kind="complaint", wants_reply=True, **at
    )


def events() -> list[object]:
    return [*story(), feedback("soon", timedelta(hours=1)), feedback("late", timedelta(hours=3))]


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_nps"), "test")
    yield pool
    await pool.close()


async def fed(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> Store:
    async with pool.acquire() as connection:
        await take_over(connection, registers)
    store = Store(pool, registers)
    await store.feed(*events())
    return store


async def figures(store: Store) -> list[object]:
    """Facts and figures: unit rows of facts included."""
    return await state(store)


@pytest.mark.parametrize("chunk", [1, 3, 2000])
async def test_figures_by_changed_registers_are_those_of_a_fresh_start(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refold, "CHUNK", chunk)
    old = load_folder(CONFIG)
    fresh = await figures(await fed(pool, changed))
    await pool.execute("".join(f"delete from nps.{t};" for t in await tables(pool)))

    store = await fed(pool, old)
    assert await figures(store) != fresh
    async with pool.acquire() as connection:
        await take_over(connection, changed)
    assert await REFOLD.run(pool, changed) > 0
    assert await figures(store) == fresh
    assert await REFOLD.run(pool, changed) == 0


async def tables(pool: "asyncpg.Pool[asyncpg.Record]") -> list[str]:
    rows = await pool.fetch(
        "select table_name from information_schema.tables where table_schema = 'nps' and table_type = 'BASE TABLE'"
    )
    return [row["table_name"] for row in rows]


async def test_a_writer_with_old_registers_is_caught_up_with(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers
) -> None:
    old = load_folder(CONFIG)
    store = await fed(pool, old)
    async with pool.acquire() as connection:
        await take_over(connection, changed)
    await REFOLD.run(pool, changed)
    late = answered("late", at=START + timedelta(days=5))
    await Store(pool, old).feed(late)  # a replica that has not seen the change yet
    await REFOLD.run(pool, changed)
    row = changed.unit_row("oma-hame", "keskus", (START + timedelta(days=5)).date())
    assert await store.all("select unit_row from nps.response where id = 'late'") == [(row.key,)]


async def test_a_replica_with_old_registers_refolds_nothing_back(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers
) -> None:
    old = load_folder(CONFIG)
    store = await fed(pool, old)
    async with pool.acquire() as connection:
        await take_over(connection, changed)
    await REFOLD.run(pool, changed)
    before = await figures(store)
    assert await REFOLD.run(pool, old) == 0
    assert await figures(store) == before


async def test_a_writer_with_old_registers_behind_a_refold_that_is_on_its_way(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refold, "CHUNK", 1)
    old, day = load_folder(CONFIG), START + timedelta(days=5)
    await fed(pool, old)
    async with pool.acquire() as connection:
        await take_over(connection, changed)
        reached = None
        while reached is None or reached["table_index"] < 2:  # past every invitation and response
            assert await REFOLD.step(pool, "oma-hame", changed) is not None
            reached = await connection.fetchrow("select table_index from nps.refold where county = 'oma-hame'")
    store = Store(pool, old)
    await store.feed(answered("late", at=day))
    await REFOLD.run(pool, changed)
    row = changed.unit_row("oma-hame", "keskus", day.date())
    assert await store.all("select unit_row from nps.response where id = 'late'") == [(row.key,)]
