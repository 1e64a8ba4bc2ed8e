"""Changed registers: facts are refolded, cells and promises are recomputed, and views join the new outcomes."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.fcr.store import REFOLD
from shared.postgres import refold
from shared.registers import Registers, load_folder
from tests.product import SAMPLE, Database
from tests.store import registers as stored_registers
from tests.store.fcr_harness import BERTTA, DAY, HOUR, SECOND, START, Store, contact, counted, open_store

CONFIG = SAMPLE / "config"
VIEWS = ("fcr", "fcr_confirmed", "fcr_client", "access", "digital", "hyte", "revolving")


@pytest.fixture
async def fcr(database: Database) -> AsyncIterator[Store]:
    """A store on its own database, because registers change."""
    async with open_store(database) as store:
        yield store


@pytest.fixture
def changed(tmp_path: Path) -> Registers:
    """From 3 March on `keskus` has another division. Calls are promised an immediate answer, `hoidettu` no longer
    resolves, and `siirretty` is guidance.
    """
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    row = next(line for line in lines(folder, "units") if line.startswith("oma-hame,keskus,"))
    moved = row.replace(",sote,", ",uusi-toimiala,").replace("2023-01-01", "2026-03-03")
    rewrite(folder, "units", row, f"{row.rsplit(',', 1)[0]},2026-03-03\n{moved}")
    promise = next(line for line in lines(folder, "promises") if line.startswith("oma-hame,terveys,phone,same_day"))
    rewrite(folder, "promises", promise, "oma-hame,terveys,phone,minutes,0,2026-02-16")
    rewrite(folder, "outcomes", "hoidettu,,true,true,false", "hoidettu,,false,true,false")
    rewrite(folder, "outcomes", "siirretty,,false,true,false", "siirretty,,false,false,true")
    return load_folder(folder)


def lines(folder: Path, name: str) -> list[str]:
    return (folder / f"{name}.csv").read_text().splitlines()


def rewrite(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / f"{name}.csv"
    text = path.read_text()
    assert text.count(f"\n{old}\n") == 1
    path.write_text(text.replace(f"\n{old}\n", f"\n{new}\n"))


async def feed_contacts(fcr: Store) -> None:
    """Contacts before and after the change, with kept, broken and open promises."""
    await fcr.feed(
        contact("a"),
        contact("b", START + DAY),
        contact("at once", START + DAY, answered_at=START + DAY, reason="muu"),
        contact("open", START + DAY + HOUR, answered_at=None, client=BERTTA),
        contact("own", START + 2 * DAY, promised_by=START + 9 * DAY, client=BERTTA, outcome="siirretty"),
        contact("elsewhere", START + 3 * DAY, unit="hml-ta", channel="chat", client=BERTTA),
        counted("h1", 4),
        counted("h2", 5, (START + DAY).date()),
    )


async def use_registers(fcr: Store, registers: Registers) -> None:
    async with fcr.pool.acquire() as connection:
        await stored_registers.replace_registers(connection, registers)


async def figures(fcr: Store) -> dict[str, list[str]]:
    await fcr.refresh_cells()
    found = {view: sorted(map(str, await fcr.fetch(f"select * from figures.{view}"))) for view in VIEWS}
    found["facts"] = sorted(map(str, await fcr.fetch("select id, unit_row, due, day from fcr.contact")))
    return found


@pytest.mark.parametrize("chunk", [1, 2000])
async def test_refold_gives_the_figures_of_a_fresh_start(
    fcr: Store, changed: Registers, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refold, "CHUNK", chunk)
    old = fcr.registers
    await use_registers(fcr, changed)
    fcr.registers = changed
    await feed_contacts(fcr)
    fresh = await figures(fcr)
    await fcr.clear()

    await use_registers(fcr, old)
    fcr.registers = old
    await feed_contacts(fcr)
    before = await figures(fcr)
    assert before != fresh
    await use_registers(fcr, changed)
    assert await REFOLD.run(fcr.pool, changed) > 0
    assert await figures(fcr) == fresh
    assert await REFOLD.run(fcr.pool, changed) == 0
    await use_registers(fcr, old)
    assert await REFOLD.run(fcr.pool, old) > 0
    assert await figures(fcr) == before


async def test_changed_promise_changes_kept_promises(fcr: Store, changed: Registers) -> None:
    await feed_contacts(fcr)
    promise, at = "with_promise, promise_kept", (START + 2 * DAY).isoformat()
    assert await fcr.row("access", promise, as_of=START.isoformat()) == (5, 5)
    assert await fcr.row("access", promise, as_of=at) == (6, 5)
    await use_registers(fcr, changed)
    assert await fcr.row("access", promise, as_of=at) == (6, 5)  # not refolded yet
    await REFOLD.run(fcr.pool, changed)
    assert await fcr.row("access", promise, as_of=at) == (6, 3)  # answered at once, own promise, and a chat
    assert await fcr.row("access", promise, as_of=START.isoformat()) == (5, 3)


async def test_moved_unit_moves_its_clients(fcr: Store, changed: Registers) -> None:
    await feed_contacts(fcr)
    await fcr.refresh_cells()
    division = {"scope_level": "division", "scope": "uusi-toimiala"}
    assert await fcr.row("revolving", "clients", **division) is None
    await use_registers(fcr, changed)
    await REFOLD.run(fcr.pool, changed)
    assert "2026-03" in await fcr.stale()
    await fcr.refresh_cells()
    assert await fcr.row("revolving", "clients, revolving_clients", **division) == (2, 1)
    assert await fcr.row("fcr_client", "clients", window_days=7, **division) == (2,)
    assert await fcr.row("fcr", "handled", **division) == (3,)
    assert await fcr.row("hyte", "count", kind="tray_visit", **division) == (5,)
    assert await fcr.row("fcr", "handled", scope_level="division", scope="sote") == (2,)


async def test_changed_outcomes_need_no_refold(fcr: Store, changed: Registers) -> None:
    await feed_contacts(fcr)
    resolution = "resolved, resolvable, gross"
    assert await fcr.row("fcr", resolution) == (4, 5, 4 / 5)
    assert await fcr.row("fcr_confirmed", "confirmed", window_days=7) == (3,)
    assert await fcr.row("hyte", "count", kind="first_line_guidance") is None
    await use_registers(fcr, changed)
    assert await fcr.row("fcr", resolution) == (0, 4, 0.0)
    assert await fcr.row("fcr_confirmed", "confirmed", window_days=7) == (0,)
    assert await fcr.row("hyte", "count", kind="first_line_guidance") == (1,)


async def test_facts_of_writer_with_old_registers_are_refolded(fcr: Store, changed: Registers) -> None:
    await feed_contacts(fcr)
    await use_registers(fcr, changed)
    await REFOLD.run(fcr.pool, changed)
    await fcr.feed(contact("late", START + 4 * DAY, answered_at=START + 4 * DAY + SECOND))
    await REFOLD.run(fcr.pool, changed)
    row = changed.unit_row("oma-hame", "keskus", (START + 4 * DAY).date())
    assert await fcr.fetch("select unit_row, due from fcr.contact where id = 'late'") == [(row.key, START + 4 * DAY)]
    links = await fcr.fetch("select repeats_within, repeated_within from fcr.contact where id = 'late'")
    assert links == [(7, None)]  # b, three days before


async def test_unit_missing_from_registers_counts_under_scope_dash(fcr: Store) -> None:
    await fcr.feed(contact("a", unit="kadonnut"), counted("h", 2, unit="kadonnut"))
    await fcr.refresh_cells()
    for level in ("division", "region", "service_area"):
        assert await fcr.row("fcr", "handled", scope_level=level, scope="-") == (1,)
        assert await fcr.row("revolving", "clients", scope_level=level, scope="-") == (1,)
        assert await fcr.row("hyte", "count", kind="tray_visit", scope_level=level, scope="-") == (2,)
    assert await fcr.row("fcr", "handled", scope_level="unit", scope="kadonnut") == (1,)
