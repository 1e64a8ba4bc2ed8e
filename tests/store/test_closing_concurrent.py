"""Closing and restatement while families publish at the same time."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.publication import restate
from shared.registers import load_folder
from tests.deadlines import DEADLINE_S
from tests.product import SAMPLE, Database
from tests.replica import wait_until
from tests.store.closing import COUNTY, Closing
from tests.store.registers import replace_registers
from tests.store.test_closing import closing, fill
from tests.store.test_closing_key_results import FCR_ROW, KEY_RESULTS
from tests.store.test_nps_store import Store, answered, nps, pool, registers

__all__ = ["closing", "nps", "pool", "registers"]

RESTATED = """
select keys ->> 'id' as id, old_value, new_value, causes from report.restatement
where view = 'key_result' and column_name = 'actual' order by 1
"""
AWAITED = """
select exists (select from pg_locks join pg_stat_activity using (pid)
               where datname = current_database() and not granted)
"""


class Pause:
    """Holds each publication after it has deleted its restatements, until it is resumed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, observer: Any) -> None:
        self._known, self._observer = restate._known, observer
        self.paused = 0
        self.resume = asyncio.Event()
        monkeypatch.setattr(restate, "_known", self._pause)

    async def _pause(self, *arguments: Any) -> Any:
        found = await self._known(*arguments)
        self.paused += 1
        async with asyncio.timeout(DEADLINE_S):
            await self.resume.wait()
        return found

    async def wait_for_one(self) -> None:
        async def one_is_paused() -> bool:
            return self.paused > 0

        await wait_until(one_is_paused, "a publication writes its restatements")

    async def wait_for_other(self, other: "asyncio.Task[Any]") -> None:
        """Wait until the other transaction is paused, too, or ended, or waits for a lock."""

        async def meets() -> bool:
            return other.done() or self.paused > 1 or await self._observer.fetchval(AWAITED)

        await wait_until(meets, "another transaction meets the publication")


@pytest.fixture
async def pause(monkeypatch: pytest.MonkeyPatch, database: Database) -> AsyncIterator[Pause]:
    observer = await asyncpg.connect(database.dsn("hva_migrate"))
    yield Pause(monkeypatch, observer)
    await observer.close()


async def test_families_that_publish_at_the_same_time_restate_key_results_of_both(
    nps: Store, closing: Closing, pause: Pause, database: Database, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(SAMPLE / "config", tmp_path / "config"))
    (folder / "key_results.yaml").write_text(KEY_RESULTS, encoding="utf-8")
    async with nps.pool.acquire() as connection:
        await replace_registers(connection, load_folder(folder))
    await fill(nps)
    whole = Closing(database, ["nps", "fcr"], closing.steward)
    pause.resume.set()
    await whole.publish(COUNTY, 2026)
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    await owner.execute(FCR_ROW)  # the next publication of the family has no such row
    await owner.close()
    await closing.close("2026Q1")
    await nps.feed(answered("late", score=10))
    await whole.publish(COUNTY, 2026, ["nps"])
    await nps.feed(answered("later", score=10))
    pause.resume.clear()
    pause.paused = 0
    first = asyncio.create_task(whole.publish(COUNTY, 2026, ["nps"]))
    await pause.wait_for_one()
    second = asyncio.create_task(whole.publish(COUNTY, 2026, ["fcr"]))
    await pause.wait_for_other(second)
    pause.resume.set()
    await asyncio.gather(first, second)
    fcr, score = await closing.steward.fetch(RESTATED)
    assert tuple(fcr) == ("loppuun-asti", 0.38, None, [])
    assert (score["id"], score["causes"]) == ("suositus", ["late"])
    actual = "select actual from report.key_result where period = '2026Q1' and id = 'suositus'"
    assert score["new_value"] == await closing.steward.fetchval(actual) != score["old_value"]


async def test_closing_during_a_publication_stores_what_it_published(
    nps: Store, closing: Closing, pause: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(county: str, year: int, families: Sequence[str]) -> None:
        pass

    await fill(nps)
    pause.resume.set()
    await closing.close("2026Q1")
    await nps.feed(answered("late", score=10))
    await closing.publish(COUNTY, 2026)
    await nps.feed(answered("later", score=10))
    pause.resume.clear()
    pause.paused = 0
    publication = asyncio.create_task(closing.publish(COUNTY, 2026))
    await pause.wait_for_one()
    with monkeypatch.context() as patched:
        patched.setattr(closing, "publish", nothing)
        second = asyncio.create_task(closing.close("2026Q1"))
        await pause.wait_for_other(second)
        pause.resume.set()
        await asyncio.gather(publication, second)
    assert second.result().edition == 2
    assert await closing.restatements("2026Q1") == {}
    stored = (
        "select values ->> 'n' from report.edition_row where edition = 2 and view = 'nps' "
        "and keys ->> 'scope_level' = 'county' and keys ->> 'channel' = 'all' and keys ->> 'segment' = 'all'"
    )
    assert await closing.steward.fetchval(stored) == "162"
