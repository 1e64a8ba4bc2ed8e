"""Labels of contacts follow from the histories of their clients, in any order of arrival."""

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.fcr import store
from services.fcr.store import REFOLD
from shared.contracts.segment import History
from shared.labels import label
from tests.product import Database
from tests.store.fcr_harness import ANNA, BERTTA, DAY, START, Store, contact, open_store, retracted
from tests.store.histories import commit, history, latest
from tests.store.registers import replace_registers
from tests.store.test_fcr_store import CLIENTS, scenario, state
from tests.store.test_refold_register_changes import changed_registers

SINCE_MARCH = ("2026-03-01", None)


async def feed_histories(fcr: Store, *histories: History) -> int:
    """Store histories. Returns how many changed."""
    return int((await commit("fcr", fcr.pool, store.apply_histories, histories)).changed)


async def segments(fcr: Store) -> dict[str, str]:
    return dict(await fcr.fetch("select id, segment from fcr.contact where not retracted"))  # type: ignore[arg-type]


async def test_contact_is_labelled_by_its_local_day(fcr: Store) -> None:
    await feed_histories(fcr, history(ANNA, 1, ("2026-03-02", "2026-03-03")))
    late = START.replace(hour=22)  # past midnight in Finland
    await fcr.feed(contact("on"), contact("after", late), contact("others", client=BERTTA), contact("no", client=None))
    expected = {"on": "multidisciplinary", "after": "other", "others": "other", "no": "unknown"}
    assert await segments(fcr) == expected
    await feed_histories(fcr, history(ANNA, 2, ("2026-03-03", None)))
    assert await segments(fcr) == {**expected, "on": "other", "after": "multidisciplinary"}
    await fcr.feed(contact("after", late, 2, client=BERTTA), contact("on", late, 2), retracted(contact_id="others"))
    assert await segments(fcr) == {"on": "multidisciplinary", "after": "other", "no": "unknown"}


async def test_relabelling_changes_figures_and_stored_cells(fcr: Store) -> None:
    member: Any = {"segment": "multidisciplinary"}
    await fcr.feed(contact("a"), contact("b", START + DAY), contact("c", START + 2 * DAY), contact("d", client=BERTTA))
    await fcr.refresh_cells()
    assert await fcr.row("revolving", "clients", **member) is None
    assert await fcr.stale() == set()
    await feed_histories(fcr, history(ANNA, 1, ("2026-03-03", None)))
    assert {"2026-03", "2026Q1", "2026"} <= await fcr.stale()
    await fcr.refresh_cells()
    assert await fcr.row("fcr", "handled", **member) == (2,)
    assert await fcr.row("fcr", "handled", segment="other") == (2,)
    assert await fcr.row("fcr_client", "clients, clients_not_repeated", window_days=1, **member) == (1, 0)
    assert await fcr.row("fcr_client", "clients, clients_not_repeated", window_days=1, segment="other") == (2, 1)
    assert await fcr.row("revolving", "clients, revolving_clients", **member) == (1, 1)
    assert await fcr.row("revolving", "clients, revolving_clients", segment="other") == (2, 0)
    assert await fcr.row("access", "inbound, transfers", **member) == (2, 0)
    links = await fcr.links()
    await feed_histories(fcr, history(ANNA, 2))
    await fcr.refresh_cells()
    assert await fcr.row("fcr", "handled", **member) is None
    assert await fcr.row("revolving", "clients", **member) is None
    assert await fcr.links() == links, "labels do not change links"


async def test_unchanged_labels_make_nothing_stale(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", client=BERTTA))
    await feed_histories(fcr, history(ANNA, 1, SINCE_MARCH))
    await fcr.refresh_cells()
    assert (
        await feed_histories(fcr, history(ANNA, 2, ("2026-01-01", None)), history(BERTTA, 1, ("2026-03-03", None))) == 2
    )
    assert await fcr.stale() == set()
    assert await segments(fcr) == {"a": "multidisciplinary", "b": "other"}


async def test_history_relabels_contacts_between_its_bounds(fcr: Store) -> None:
    await fcr.feed(*(contact(f"c{n}", START + n * DAY) for n in range(5)))
    for version, member in ((1, [1, 2]), (2, [0, 1, 2, 3, 4]), (3, [1, 2])):
        bounds = SINCE_MARCH if version == 2 else ("2026-03-03", "2026-03-05")
        await feed_histories(fcr, history(ANNA, version, bounds))
        labels = await segments(fcr)
        assert [n for n in range(5) if labels[f"c{n}"] == "multidisciplinary"] == member


async def test_history_of_another_county_is_ignored(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("x", county="pirha"))
    await feed_histories(fcr, history(ANNA, 1, SINCE_MARCH, county="pirha"))
    await fcr.feed(contact("b"))
    assert await segments(fcr) == {"a": "other", "b": "other", "x": "multidisciplinary"}


async def test_late_older_version_changes_nothing(fcr: Store) -> None:
    await fcr.feed(*scenario())
    assert await feed_histories(fcr, history(ANNA, 3, SINCE_MARCH), history(ANNA, 2), history(ANNA, 1)) == 1
    expected = await state(fcr)
    assert await feed_histories(fcr, history(ANNA, 2, ("2026-03-20", None))) == 0
    assert await feed_histories(fcr, history(ANNA, 5, SINCE_MARCH)) == 0
    assert await feed_histories(fcr, history(ANNA, 4)) == 0
    assert await state(fcr) == expected
    assert await feed_histories(fcr, history(ANNA, 6)) == 1
    assert "multidisciplinary" not in (await segments(fcr)).values()


HISTORIES = (
    history(CLIENTS[0], 1, ("2026-03-01", "2026-03-20")),
    history(CLIENTS[0], 2),
    history(CLIENTS[0], 3, ("2026-01-01", "2026-03-10"), ("2026-04-01", None)),
    history(CLIENTS[1], 1, ("2026-01-01", None)),
    history(CLIENTS[1], 4, ("2026-03-20", "2026-04-10")),
    history(CLIENTS[2], 1, ("2026-04-01", None)),
    history(CLIENTS[3], 1, ("2026-01-01", None)),
    history(CLIENTS[3], 2, ("2026-01-01", "2026-02-01")),
)
FINAL = latest(HISTORIES)


async def assert_labels_are_right(fcr: Store) -> None:
    """Every label follows from the latest history, and both labels occur."""
    rows = await fcr.fetch("select own_client, day, segment from fcr.contact where not retracted")
    for client, day, segment in rows:
        assert segment == label(client, day, FINAL[client].intervals if client in FINAL else ())
    assert {segment for _, _, segment in rows} >= {"multidisciplinary", "other"}


@pytest.mark.parametrize("with_erasure", [False, True])
async def test_order_of_contacts_and_histories_does_not_matter(fcr: Store, with_erasure: bool) -> None:
    erased = [BERTTA] if with_erasure else []
    await feed_histories(fcr, *FINAL.values())
    await fcr.feed(*scenario())
    await fcr.erase(*erased)
    expected = await state(fcr)
    await assert_labels_are_right(fcr)
    for seed in range(6):
        await fcr.clear()
        rng = random.Random(seed)
        items: list[Any] = [*scenario(), *rng.sample(scenario(), 5), *HISTORIES, *rng.sample(HISTORIES, 3), *erased]
        rng.shuffle(items)
        while items:
            size = rng.choice([1, 2, 5, 20])
            batch, items = items[:size], items[size:]
            await feed_histories(fcr, *(item for item in batch if isinstance(item, History)))
            await fcr.erase(*(item for item in batch if isinstance(item, str)))
            await fcr.feed(*(item for item in batch if not isinstance(item, History | str)))
            if rng.random() < 0.2:
                await fcr.refresh_cells()
        assert await state(fcr) == expected, seed


@pytest.fixture
async def fresh(database: Database) -> AsyncIterator[Store]:
    """A store on its own database, because registers change."""
    async with open_store(database) as store:
        yield store


async def test_refold_keeps_labels(fresh: Store, tmp_path: Path) -> None:
    old, changed = fresh.registers, changed_registers(tmp_path / "changed", "uusi-toimiala", 120)

    async def use(registers: Any) -> None:
        fresh.registers = registers
        async with fresh.pool.acquire() as connection:
            await replace_registers(connection, registers)

    await use(changed)
    await feed_histories(fresh, *FINAL.values())
    await fresh.feed(*scenario())
    expected = await state(fresh)
    await fresh.clear()

    await use(old)
    await fresh.feed(*scenario())
    await feed_histories(fresh, *FINAL.values())
    await use(changed)
    assert await REFOLD.run(fresh.pool, changed) > 0
    assert await state(fresh) == expected
    await assert_labels_are_right(fresh)
