"""Facts, links, buckets and cells of fcr do not depend on order and batches. When `hva wait` ends."""

import random
from datetime import date, timedelta
from typing import Any

import asyncpg

from deploy.hva.wait import _cells_computed, _stale_periods
from services.fcr import store
from services.fcr.decode import decode
from services.fcr.facts import Contact
from shared.contracts.rank import encode_rank
from shared.record import PlainRecord
from tests.product import Database
from tests.store.fcr_harness import ANNA, BERTTA, COUNTY, DAY, HOUR, START, Store, contact, counted, retracted

CLIENTS = (ANNA, BERTTA, "k1." + "C" * 22, "k1." + "D" * 22)


def scenario() -> list[PlainRecord]:
    """Events that affect each other in every way that the family supports."""
    plain = [
        contact(f"c{n}", START + n * 6 * DAY, client=CLIENTS[n % 2], ended_at=START + n * 7 * DAY) for n in range(9)
    ]
    return [
        *plain,
        contact("c1", START + 6 * DAY, 2, client=CLIENTS[0], channel="chat", unit="hml-ta"),
        contact("c2", START + 30 * DAY + timedelta(microseconds=1), 2, answered_at=None, promised_by=START + HOUR),
        contact("c3", START + 18 * DAY, 2, client=BERTTA, transfers=4),
        contact("c9", START + 19 * DAY, client=BERTTA, answered_at=None),
        contact("c4", START + 24 * DAY, 2, line="sosiaali", outcome="siirretty", classification="2026"),
        contact("c4", START + 25 * DAY, 3, line="sosiaali", planned=True),
        retracted(2, contact_id="c5"),
        retracted(2, contact_id="c6"),
        contact("c6", START + 36 * DAY, 3, channel="sms", outcome="hyte-ohjattu"),
        contact("c7", START + 42 * DAY, 2, excluded="test"),
        contact("tie", START + 6 * DAY, client=CLIENTS[0], channel="digital_booking"),
        contact("c8", START + 48 * DAY, 2, client=CLIENTS[2]),
        contact("c8", START + 48 * DAY, 1, client=CLIENTS[3]),
        *(counted(f"h{n}", n) for n in range(3)),
        counted("h1", 9, date(2026, 3, 3), 2),
        retracted(3, count_id="h2"),
    ]


async def state(fcr: Store) -> list[Any]:
    """All facts and figures. Persons are replaced by their clients: their numbers depend on the order of arrival."""
    await fcr.refresh_cells()
    rows = await fcr.fetch(
        "select k.client, c.* from fcr.contact c left join fcr.client k using (county, person) order by c.id"
    )
    position = [row["column_name"] for row in await fcr.pool.fetch(COLUMNS)].index("person") + 1
    contacts = [row[:position] + row[position + 1 :] for row in rows]
    hyte = await fcr.fetch("select * from fcr.hyte order by id")
    return [contacts, hyte, await fcr.buckets(), await fcr.cells()]


COLUMNS = """
select column_name from information_schema.columns where table_schema = 'fcr' and table_name = 'contact'
order by ordinal_position
"""


async def test_order_duplicates_and_batches_do_not_matter(fcr: Store) -> None:
    await fcr.feed(*scenario())
    expected = await state(fcr)
    assert len(expected[0]) == 11 and len(expected[3][0]) > 50
    for seed in range(6):
        await fcr.clear()
        rng = random.Random(seed)
        events = scenario() + rng.sample(scenario(), 8)
        rng.shuffle(events)
        while events:
            size = rng.choice([1, 2, 5, 20])
            await fcr.feed(*events[:size])
            events = events[size:]
            if rng.random() < 0.2:
                await fcr.refresh_cells()
        assert await state(fcr) == expected, seed


async def test_erasure_before_or_after_facts_gives_the_same_state(fcr: Store) -> None:
    await fcr.erase(ANNA)
    await fcr.feed(*scenario())
    before = await state(fcr)
    await fcr.clear()
    await fcr.feed(*scenario())
    await fcr.erase(ANNA, BERTTA)
    both = await state(fcr)
    await fcr.clear()
    await fcr.feed(*scenario())
    await fcr.erase(ANNA)
    after = await state(fcr)
    assert after == before
    await fcr.erase(BERTTA)
    await fcr.erase(BERTTA)
    assert await state(fcr) == both != before


async def test_retracting_everything_leaves_no_figures(fcr: Store) -> None:
    await fcr.feed(*scenario())
    await fcr.refresh_cells()
    await fcr.feed(*(retracted(contact_id=f"c{n}") for n in range(10)), retracted(contact_id="tie"))
    await fcr.feed(*(retracted(count_id=f"h{n}") for n in range(3)))
    await fcr.refresh_cells()
    assert await fcr.buckets() == {table: [] for table in await fcr.buckets()}
    assert await fcr.cells() == [[], []]
    for view in ("fcr", "fcr_confirmed", "fcr_client", "access", "digital", "hyte", "revolving"):
        assert await fcr.fetch(f"select * from figures.{view}") == []
    assert await fcr.links() == {}
    left = await fcr.fetch("select distinct unit, own_client, person, started_at, effective_end, line from fcr.contact")
    assert left == [(None,) * 6]


async def test_result_counts_changed_facts(fcr: Store) -> None:
    """Changed neighbours do not count, and a redelivery changes nothing."""
    facts = [decode(record, fcr.registers) for record in (contact("a"), contact("b", START + DAY), counted("h", 1))]
    async with fcr.pool.acquire() as connection, connection.transaction():
        first = await store.apply(connection, COUNTY, facts[:1], fcr.registers)  # type: ignore[arg-type]
        all_three = await store.apply(connection, COUNTY, facts, fcr.registers)  # type: ignore[arg-type]
        again = await store.apply(connection, COUNTY, facts, fcr.registers)  # type: ignore[arg-type]
    assert [(result.changed, result.conflicts) for result in (first, all_three, again)] == [(1, 0), (2, 0), (0, 0)]
    assert await fcr.links() == {"a": (None, 1), "b": (1, None)}


async def test_equal_revisions_with_different_content_are_conflicts(fcr: Store) -> None:
    lesser, greater = (decode(contact("a", reason=reason), fcr.registers) for reason in ("yksi", "kaksi"))
    assert isinstance(lesser, Contact) and isinstance(greater, Contact)
    greater = greater._replace(rank=encode_rank(1, START + HOUR, "urn:hva:oma-hame:puhelin", "e", b"x" * 32))
    async with fcr.pool.acquire() as connection, connection.transaction():
        together = await store.apply(connection, COUNTY, [greater, lesser], fcr.registers)
        again = await store.apply(connection, COUNTY, [lesser], fcr.registers)
    assert (together.changed, together.conflicts, again.changed, again.conflicts) == (1, 1, 0, 1)


async def test_client_keeps_its_number(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", client=BERTTA), contact("x", county="pirha"))
    before = await fcr.fetch("select * from fcr.client order by county, client")
    assert [row[:2] for row in before] == [(COUNTY, ANNA), (COUNTY, BERTTA), ("pirha", ANNA)]
    assert len({row[2] for row in before}) == 3
    await fcr.feed(contact("c"), contact("a", revision=2, client=BERTTA), retracted(contact_id="b"))
    assert await fcr.fetch("select * from fcr.client order by county, client") == before


async def test_wait_ends_when_the_cells_are_recomputed(fcr: Store, _family_database: Database) -> None:
    steward = await asyncpg.connect(_family_database.dsn("hva_steward"))

    async def reason_to_wait(numbers: list[Any]) -> str | None:
        return await _cells_computed(steward, "fcr", numbers)

    try:
        assert await _stale_periods(steward, "nps") == []  # nps has no stored cells
        assert await reason_to_wait(await _stale_periods(steward, "fcr")) is None
        await fcr.feed(contact("a"))
        numbers = await _stale_periods(steward, "fcr")
        assert await reason_to_wait(numbers) == "fcr counts the clients of 5 periods"
        await fcr.refresh_cells()
        assert await reason_to_wait(numbers) is None
        await fcr.feed(contact("a", revision=2))  # later changes are not waited for
        assert await reason_to_wait(numbers) is None
        assert await reason_to_wait(await _stale_periods(steward, "fcr")) == "fcr counts the clients of 5 periods"
    finally:
        await steward.close()


async def test_wait_ends_at_the_change_numbers_of_its_start(fcr: Store, _family_database: Database) -> None:
    """Changes that happen while `hva wait` runs do not prolong it."""
    steward = await asyncpg.connect(_family_database.dsn("hva_steward"))
    try:
        await fcr.feed(contact("a"))
        await fcr.feed(contact("b", START + DAY))
        numbers = await _stale_periods(steward, "fcr")
        await fcr.pool.execute("update fcr.stale set change_number = change_number + 5, computed_number = 1")
        assert await _cells_computed(steward, "fcr", numbers) == "fcr counts the clients of 5 periods"
        await fcr.pool.execute("update fcr.stale set computed_number = 2")
        assert await _cells_computed(steward, "fcr", numbers) is None
    finally:
        await steward.close()
