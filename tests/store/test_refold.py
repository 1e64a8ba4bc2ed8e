"""Changed registers: facts and figures are refolded, and a writer with old registers does not undo the refold."""

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
from tests.store.registers import replace_registers
from tests.store.test_nps_store import START, Store, answered, record, scenario, state

CONFIG = SAMPLE / "config"


@pytest.fixture
def changed(tmp_path: Path) -> Registers:
    """`keskus` belongs to another division from 2 March on, and feedback is promised a reply in 2 hours."""
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
    return [*scenario(), feedback("soon", timedelta(hours=1)), feedback("late", timedelta(hours=3))]


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    pool = await make_pool(database.dsn("hva_nps"), "test")
    yield pool
    await pool.close()


async def store_with_facts(pool: "asyncpg.Pool[asyncpg.Record]", registers: Registers) -> Store:
    async with pool.acquire() as connection:
        await replace_registers(connection, registers)
    store = Store(pool, registers)
    await store.feed(*events())
    return store


async def figures(store: Store) -> list[object]:
    """Facts with their unit rows, and figures."""
    return await state(store)


@pytest.mark.parametrize("chunk", [1, 3, 2000])
async def test_refold_gives_the_figures_of_a_fresh_start(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refold, "CHUNK", chunk)
    old = load_folder(CONFIG)
    fresh = await figures(await store_with_facts(pool, changed))
    await pool.execute("".join(f"delete from nps.{t};" for t in await tables(pool)))

    store = await store_with_facts(pool, old)
    assert await figures(store) != fresh
    async with pool.acquire() as connection:
        await replace_registers(connection, changed)
    assert await REFOLD.run(pool, changed) > 0
    assert await figures(store) == fresh
    assert await REFOLD.run(pool, changed) == 0


async def tables(pool: "asyncpg.Pool[asyncpg.Record]") -> list[str]:
    rows = await pool.fetch(
        "select table_name from information_schema.tables where table_schema = 'nps' and table_type = 'BASE TABLE'"
    )
    return [row["table_name"] for row in rows]


async def test_facts_of_writer_with_old_registers_are_refolded(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers
) -> None:
    old = load_folder(CONFIG)
    store = await store_with_facts(pool, old)
    async with pool.acquire() as connection:
        await replace_registers(connection, changed)
    await REFOLD.run(pool, changed)
    late = answered("late", at=START + timedelta(days=5))
    await Store(pool, old).feed(late)  # a replica that has not seen the change yet
    await REFOLD.run(pool, changed)
    row = changed.unit_row("oma-hame", "keskus", (START + timedelta(days=5)).date())
    assert await store.fetch("select unit_row from nps.response where id = 'late'") == [(row.key,)]


async def test_replica_with_old_registers_refolds_nothing(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers
) -> None:
    old = load_folder(CONFIG)
    store = await store_with_facts(pool, old)
    async with pool.acquire() as connection:
        await replace_registers(connection, changed)
    await REFOLD.run(pool, changed)
    before = await figures(store)
    assert await REFOLD.run(pool, old) == 0
    assert await figures(store) == before


async def test_facts_written_behind_a_running_refold_are_refolded(
    pool: "asyncpg.Pool[asyncpg.Record]", changed: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refold, "CHUNK", 1)
    old, day = load_folder(CONFIG), START + timedelta(days=5)
    await store_with_facts(pool, old)
    async with pool.acquire() as connection:
        await replace_registers(connection, changed)
        reached = None
        while reached is None or reached["table_index"] < 2:  # past every invitation and response
            assert await REFOLD.step(pool, "oma-hame", changed) is not None
            reached = await connection.fetchrow("select table_index from nps.refold where county = 'oma-hame'")
    store = Store(pool, old)
    await store.feed(answered("late", at=day))
    await REFOLD.run(pool, changed)
    row = changed.unit_row("oma-hame", "keskus", day.date())
    assert await store.fetch("select unit_row from nps.response where id = 'late'") == [(row.key,)]
