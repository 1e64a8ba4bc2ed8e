"""Labels of the NPS family follow from the histories of its clients, in any order of arrival."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.nps import store
from services.nps.domain import MEASURES
from services.nps.store import REFOLD
from shared.contracts.segment import History
from shared.labels import label
from shared.postgres.pool import make_pool
from shared.record import PlainRecord
from shared.registers import Registers, load_folder
from tests.product import SAMPLE, Database
from tests.store.histories import commit, history, latest
from tests.store.registers import replace_registers
from tests.store.test_nps_store import (
    BUCKETS,
    START,
    TABLES,
    Store,
    answered,
    erased,
    invited,
    record,
    retracted,
    scenario,
    state,
)
from tests.store.test_refold_register_changes import changed_registers, use_registers

ANNA, BERTTA, CECILIA, DAVID = ("k1." + letter * 22 for letter in "ABCD")
DAY = timedelta(days=1)
SINCE_MARCH = ("2026-03-01", None)


@pytest.fixture(scope="module")
def registers() -> Registers:
    return load_folder(SAMPLE / "config")


@pytest.fixture
async def nps(database: Database, registers: Registers) -> AsyncIterator[Store]:
    pool = await make_pool(database.dsn("hva_nps"), "test")
    async with pool.acquire() as connection:
        await replace_registers(connection, registers)
    yield Store(pool, registers)
    await pool.close()


def given(id: str, revision: int = 1, **data: Any) -> PlainRecord:
    common = {"feedback_id": id, "unit": "keskus", "channel": "web", "kind": "thanks", "given_at": START.isoformat()}
    return record("feedback.given", revision, **{**common, **data})


async def feed_histories(nps: Store, *histories: History) -> int:
    """Store histories. Returns how many changed."""
    return int((await commit("nps", nps.pool, store.apply_histories, histories)).changed)


async def segments(nps: Store, table: str = "response") -> dict[str, str]:
    return dict(await nps.fetch(f"select id, segment from nps.{table} where not retracted"))  # type: ignore[arg-type]


async def test_label_date_of_each_fact_type(nps: Store) -> None:
    """Invitations and direct feedback: their own day. Responses: the day of service if given, else of the answer."""
    await feed_histories(nps, history(ANNA, 1, ("2026-03-05", "2026-03-06")))
    on, after = START + 4 * DAY, START + 5 * DAY
    await nps.feed(
        invited("i", at=on, client=ANNA),
        invited("late", at=after, client=ANNA),
        given("g", given_at=on.isoformat(), client=ANNA),
        given("late", given_at=after.isoformat(), client=ANNA),
        answered("on", at=on, client=ANNA),
        answered("served before", at=after, served_at=on.isoformat(), client=ANNA),
        answered("served after", at=on, served_at=after.isoformat(), client=ANNA),
        answered("others", at=on, client=BERTTA),
        answered("no client", at=on),
    )
    member, other = "multidisciplinary", "other"
    assert await segments(nps, "invitation") == {"i": member, "late": other}
    assert await segments(nps, "feedback") == {"g": member, "late": other}
    served = {"on": member, "served before": member, "served after": other}
    assert await segments(nps) == {**served, "others": other, "no client": "unknown"}
    assert (await nps.nps("multidisciplinary"), await nps.nps("other")) == ((2, 0, 0), (2, 0, 0))


async def test_response_is_labelled_by_the_client_of_its_invitation(nps: Store) -> None:
    await feed_histories(nps, history(ANNA, 1, SINCE_MARCH))
    await nps.feed(answered("r", invitation_id="i"))
    assert await segments(nps) == {"r": "unknown"}
    await nps.feed(invited("i", client=ANNA))
    assert await segments(nps) == {"r": "multidisciplinary"}
    await nps.feed(invited("i", 2, client=BERTTA))
    assert await segments(nps) == {"r": "other"}
    await feed_histories(nps, history(BERTTA, 1, SINCE_MARCH), history(ANNA, 2))
    assert await segments(nps) == {"r": "multidisciplinary"}
    await nps.feed(answered("s", invitation_id="i"), answered("r", 2, invitation_id="i", score=2))
    assert await nps.nps("multidisciplinary") == (1, 0, 1)
    await nps.feed(retracted(3, invitation_id="i"))
    assert await segments(nps) == {"r": "unknown", "s": "unknown"}
    assert await nps.nps("multidisciplinary") is None


async def test_history_relabels_facts_between_its_bounds(nps: Store) -> None:
    await nps.feed(*(answered(f"r{n}", at=START + n * DAY, client=ANNA) for n in range(5)))
    for version, member in ((1, [1, 2]), (2, [0, 1, 2, 3, 4]), (3, [1, 2])):
        bounds = SINCE_MARCH if version == 2 else ("2026-03-02", "2026-03-04")
        await feed_histories(nps, history(ANNA, version, bounds))
        labels = await segments(nps)
        assert [n for n in range(5) if labels[f"r{n}"] == "multidisciplinary"] == member


async def test_history_of_another_county_is_ignored(nps: Store) -> None:
    await nps.feed(answered("r", client=ANNA))
    await feed_histories(nps, history(ANNA, 1, SINCE_MARCH, county="pirha"))
    await nps.feed(answered("s", client=ANNA))
    assert set((await segments(nps)).values()) == {"other"}


async def test_late_older_version_changes_nothing(nps: Store) -> None:
    await nps.feed(*scenario())
    assert await feed_histories(nps, history(ANNA, 3, SINCE_MARCH), history(ANNA, 2), history(ANNA, 1)) == 1
    expected = await everything(nps)
    assert await feed_histories(nps, history(ANNA, 2, ("2026-03-02", None))) == 0
    assert await feed_histories(nps, history(ANNA, 3, SINCE_MARCH)) == 0
    assert await everything(nps) == expected
    assert await feed_histories(nps, history(ANNA, 5, SINCE_MARCH)) == 0, "a newer version with the same intervals"
    assert await feed_histories(nps, history(ANNA, 4)) == 0
    assert await everything(nps) == expected
    assert await nps.fetch("select version from nps.membership") == [(5,)]
    assert await feed_histories(nps, history(ANNA, 6)) == 1
    assert "multidisciplinary" not in (await segments(nps)).values()


HISTORIES = (
    history(ANNA, 1, ("2026-03-01", "2026-03-03")),
    history(ANNA, 2),
    history(ANNA, 3, ("2026-01-01", "2026-03-02"), ("2026-03-03", None)),
    history(BERTTA, 1, ("2026-01-01", None)),
    history(BERTTA, 4, ("2026-03-02", "2026-03-04")),
    history(CECILIA, 1, ("2026-01-01", None)),
    history(DAVID, 1, ("2026-01-01", None)),
    history(DAVID, 2, ("2026-01-01", "2026-02-01")),
)
FINAL = latest(HISTORIES)


def facts() -> list[PlainRecord]:
    """Facts that move between clients, invitations and days. The facts of one client are erased by `ERASURE`."""
    return [
        *scenario(),
        *(given(f"g{n}", given_at=(START + n * DAY).isoformat(), client=ANNA if n % 2 else BERTTA) for n in range(4)),
        given("g1", 2, given_at=(START + DAY).isoformat(), client=DAVID),
        retracted(2, feedback_id="g2"),
        invited("c", client=CECILIA),
        answered("c", client=CECILIA, invitation_id="i0"),
        answered("inherits from c", invitation_id="c", respondent="client"),
        invited("e", at=START + 4 * DAY, client=ANNA),
        answered("inherits from e", at=START + 5 * DAY, invitation_id="e", score=1),
        invited("d", at=START + DAY, client=DAVID),
        invited("d", 2, at=START + DAY, client=ANNA),
        answered("inherits from d", invitation_id="d", served_at=(START - DAY).isoformat(), at=START + DAY),
    ]


ERASURE = erased(CECILIA)


async def everything(nps: Store) -> list[Any]:
    """Facts, figures and buckets."""
    buckets = []
    for measure in MEASURES:
        not_zero = " or ".join(f"{count} <> 0" for count in measure.counts)
        for grain in ("day", "month"):
            buckets.append(sorted(await nps.fetch(f"select * from nps.{measure.name}_{grain} where {not_zero}")))
    return [await state(nps), buckets]


async def clear(nps: Store) -> None:
    tables = [*TABLES, *(f"{b}_{grain}" for b in BUCKETS for grain in ("day", "month")), "membership", "erased"]
    await nps.pool.execute(";".join(f"delete from nps.{table}" for table in tables))


async def deliver(nps: Store, items: Sequence[Any]) -> None:
    """Store one batch per kind of record, because each kind has its own topic."""
    await feed_histories(nps, *(item for item in items if isinstance(item, History)))
    if ERASURE in items:
        await nps.erase(ERASURE)
    await nps.feed(*(item for item in items if isinstance(item, PlainRecord) and item is not ERASURE))


async def test_order_of_facts_and_histories_does_not_matter(nps: Store) -> None:
    await deliver(nps, [*FINAL.values(), ERASURE, *facts()])
    expected = await everything(nps)
    await assert_labels_are_right(nps)
    for seed in range(12):
        await clear(nps)
        rng = random.Random(seed)
        items = [*facts(), *rng.sample(facts(), 5), *HISTORIES, *rng.sample(HISTORIES, 3), ERASURE]
        rng.shuffle(items)
        while items:
            size = rng.choice([1, 2, 5, 20])
            await deliver(nps, items[:size])
            items = items[size:]
        assert await everything(nps) == expected, seed


async def assert_labels_are_right(nps: Store) -> None:
    """Every label follows from the latest history, and both labels occur in every table."""
    columns = {"invitation": "own_client", "response": "client", "feedback": "own_client"}
    for table, column in columns.items():
        rows = await nps.fetch(f"select {column}, label_day, segment from nps.{table} where not retracted")
        for client, day, segment in rows:
            assert segment == label(client, day, FINAL[client].intervals if client in FINAL else ())
        assert {"multidisciplinary", "other"} <= {segment for _, _, segment in rows}, table


async def test_refold_keeps_labels(nps: Store, tmp_path: Path) -> None:
    changed = changed_registers(tmp_path / "changed", "uusi-toimiala", 120)
    await use_registers(nps.pool, changed)
    nps.registers, old = changed, nps.registers
    await deliver(nps, [*FINAL.values(), *facts()])
    expected = await everything(nps)
    await clear(nps)
    await nps.pool.execute("delete from nps.refold")

    await use_registers(nps.pool, old)
    nps.registers = old
    await deliver(nps, [*facts(), *FINAL.values()])
    await use_registers(nps.pool, changed)
    assert await REFOLD.run(nps.pool, changed) > 0
    assert await everything(nps) == expected
    await assert_labels_are_right(nps)


async def test_erased_facts_are_not_relabelled(nps: Store) -> None:
    await deliver(nps, [*facts(), *FINAL.values()])
    before = await nps.nps("multidisciplinary")
    await nps.erase(ERASURE)
    after = await nps.nps("multidisciplinary")
    assert before is not None and after is not None and sum(before) > sum(after)
    await feed_histories(nps, history(CECILIA, 9), history(CECILIA, 10, SINCE_MARCH))
    assert await nps.nps("multidisciplinary") == after
