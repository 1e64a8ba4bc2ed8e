"""Two writers store a fact and the history of its client concurrently. The county lock orders them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from services.fcr import decode as fcr_decode
from services.fcr import store as fcr_store
from services.nps import decode as nps_decode
from services.nps import store as nps_store
from shared.postgres import commit as commit_module
from shared.postgres.membership import erased_and_histories
from shared.postgres.pool import make_pool
from shared.postgres.registers import load
from shared.record import PlainRecord
from shared.registers import load_folder
from tests.product import SAMPLE, Database
from tests.store.fcr_harness import contact
from tests.store.histories import COUNTY, commit, history, run_concurrently
from tests.store.test_nps_store import answered

ANNA = "k1." + "A" * 22
REGISTERS = load_folder(SAMPLE / "config")


@dataclass
class Family:
    """A family service and one fact of Anna that is not stored yet."""

    store: ModuleType
    decode: ModuleType
    record: PlainRecord
    table: str
    pool: Any = None

    @property
    def schema(self) -> str:
        return str(self.store.SCHEMA)

    async def segments(self) -> list[str]:
        return [row["segment"] for row in await self.pool.fetch(f"select segment from {self.table}")]


@pytest.fixture(params=["nps", "fcr"])
async def family(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Family]:
    found = {
        "nps": Family(nps_store, nps_decode, answered("r", client=ANNA), "nps.response"),
        "fcr": Family(fcr_store, fcr_decode, contact("c", client=ANNA), "fcr.contact"),
    }[request.param]
    found.pool = await make_pool(database.dsn(f"hva_{found.schema}"), "test")
    async with found.pool.acquire() as connection:
        await load(connection, REGISTERS)
    yield found
    await found.pool.close()


async def run_both(family: Family, first: str, early_read: pytest.MonkeyPatch | None = None) -> bool:
    """Store a fact and the history of its client. The second writer begins before `first` is committed.

    `early_read` reads the history before the county lock is held. Returns whether one writer waited for the other.
    """
    schema, pool = family.schema, family.pool
    write = partial(family.store.apply, registers=REGISTERS)
    facts = [family.decode.decode(family.record, REGISTERS)]
    sent = [history(ANNA, 1, ("2026-03-01", None))]

    async def feed(stopping: Any = lambda apply: apply) -> None:
        if early_read:
            async with pool.acquire() as connection:
                known = await erased_and_histories(connection, schema, COUNTY, [ANNA])

            async def read_before(*_: object) -> Any:
                return known

            early_read.setattr(family.store, "erased_and_histories", read_before)
        await commit(schema, pool, stopping(write), facts)

    async def feed_histories(stopping: Any = lambda apply: apply) -> None:
        await commit(schema, pool, stopping(family.store.apply_histories), sent)

    return await run_concurrently(pool, *((feed_histories, feed) if first == "history" else (feed, feed_histories)))


@pytest.mark.parametrize("first", ["fact", "history"])
async def test_label_is_right_in_either_order(family: Family, first: str) -> None:
    assert await run_both(family, first), "the second writer waited"
    assert await family.segments() == ["multidisciplinary"]


async def test_history_read_before_the_lock_gives_a_wrong_label(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await run_both(family, "history", monkeypatch)
    assert await family.segments() == ["other"]


@pytest.mark.parametrize("first", ["fact", "history"])
async def test_missing_county_lock_gives_a_wrong_label(
    family: Family, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_lock(*_: object) -> bool:
        """Take no lock."""
        return True

    monkeypatch.setattr(commit_module, "try_lock_county", no_lock)
    assert not await run_both(family, first)
    assert await family.segments() == ["other"]
