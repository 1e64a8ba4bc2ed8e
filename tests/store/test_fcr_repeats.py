"""Links of stored contacts: late, moved, retracted and restored contacts, and how few rows are read."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.fcr.decode import decode
from services.fcr.facts import Contact
from services.fcr.store import apply
from shared.postgres.lock import lock_counties
from tests.store.fcr_stage import (
    ANNA,
    BERTTA,
    COUNTY,
    DAY,
    HOUR,
    SECOND,
    START,
    TICK,
    Store,
    contact,
    retracted,
)

MONDAY = START + 2 * HOUR
NEVER = (None, None)
# Rows read by this session since it last flushed its statistics; an open transaction does not flush them.
ROWS_READ = """
select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables
where schemaname = 'fcr' and relname = 'contact'
"""


@pytest.mark.parametrize("days", [1, 7, 30])
@pytest.mark.parametrize("late", [-TICK, timedelta(0), TICK, SECOND])
async def test_the_end_of_the_window_is_inclusive(fcr: Store, days: int, late: timedelta) -> None:
    """The contact ends on Monday at 10:00:00; one that starts at 10:00:00 `days` later repeats it, at 10:00:01 not."""
    following = {1: 7, 7: 30, 30: None}
    least = following[days] if late > timedelta(0) else days
    await fcr.feed(contact("a", MONDAY - 300 * SECOND, ended_at=MONDAY), contact("b", MONDAY + days * DAY + late))
    assert await fcr.links() == {"a": (None, least), "b": (least, None)}


@pytest.mark.parametrize(
    ("ended_at", "effective_end"),
    [(None, START), (START - HOUR, START - HOUR), (START + DAY, START + DAY), (START + 9 * DAY, START + DAY)],
)
async def test_the_window_begins_where_the_contact_ends(
    fcr: Store, ended_at: datetime | None, effective_end: datetime
) -> None:
    await fcr.feed(contact("a", ended_at=ended_at), contact("b", effective_end + 30 * DAY, reason="muu"))
    assert await fcr.links() == {"a": NEVER, "b": NEVER}
    await fcr.feed(contact("b", effective_end + 30 * DAY, revision=2))
    assert await fcr.links() == {"a": (None, 30), "b": (30, None)}
    await fcr.feed(contact("b", effective_end + 30 * DAY + TICK, revision=3))
    assert await fcr.links() == {"a": NEVER, "b": NEVER}


@pytest.mark.parametrize(
    ("fields", "repeats"),
    [
        ({}, True),
        ({"answered_at": None, "abandoned": True}, True),
        ({"channel": "other"}, True),
        ({"channel": "digital_booking", "answered_at": None}, True),
        ({"unit": "hml-ta"}, True),
        ({"planned": True}, False),
        ({"direction": "outbound"}, False),
        ({"excluded": "wrong_number"}, False),
        ({"line": "sosiaali"}, False),
        ({"reason": "muu"}, False),
        ({"reason": None}, False),
        ({"client": None}, False),
        ({"client": BERTTA}, False),
    ],
)
async def test_what_repeats(fcr: Store, fields: dict[str, Any], repeats: bool) -> None:
    await fcr.feed(contact("a"), contact("b", START + 3 * DAY, **fields))
    assert await fcr.links() == ({"a": (None, 7), "b": (7, None)} if repeats else {"a": NEVER, "b": NEVER})


async def test_ties_are_broken_by_id(fcr: Store) -> None:
    """Ids are ordered by code point: U+FFFF is before U+1F600, unlike in UTF-16."""
    await fcr.feed(contact("\uffff"), contact("\U0001f600"))
    assert await fcr.links() == {"\uffff": (None, 1), "\U0001f600": (1, None)}


async def test_a_late_contact_between_two_others(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("c", START + 20 * DAY))
    assert await fcr.links() == {"a": (None, 30), "c": (30, None)}
    await fcr.feed(contact("b", START + 19.5 * DAY))
    assert await fcr.links() == {"a": (None, 30), "b": (30, 1), "c": (1, None)}
    await fcr.feed(contact("b", START + 19.5 * DAY, revision=2, answered_at=None))
    assert await fcr.links() == {"a": (None, 30), "b": (30, None), "c": (30, None)}
    await fcr.feed(contact("b", START + 19.5 * DAY, revision=3, planned=True))
    assert await fcr.links() == {"a": (None, 30), "b": (None, 1), "c": (1, None)}


async def test_a_long_contact_that_starts_before_a_short_one(fcr: Store) -> None:
    """A repeat depends on the greatest end before it, not on its predecessor's."""
    await fcr.feed(contact("long", ended_at=START + 20 * HOUR), contact("short", START + HOUR))
    await fcr.feed(contact("late", START + DAY + 20 * HOUR))
    assert await fcr.links() == {"long": (None, 1), "short": (1, 7), "late": (1, None)}


@pytest.mark.parametrize("fields", [{"client": BERTTA}, {"line": "sosiaali"}, {"reason": "muu"}])
async def test_a_contact_that_changes_its_key_moves_its_links(fcr: Store, fields: dict[str, Any]) -> None:
    old = [contact(f"o{n}", START + n * 6 * DAY) for n in range(3)]
    new = [contact(f"n{n}", START + n * 6 * DAY + HOUR, **fields) for n in (0, 2)]
    await fcr.feed(*old, *new)
    stay = {"o0": (None, 7), "o1": (7, 7), "o2": (7, None), "n0": (None, 30), "n2": (30, None)}
    assert await fcr.links() == stay
    await fcr.feed(contact("o1", START + 6 * DAY, revision=2, **fields))
    moved = {"o0": (None, 30), "o2": (30, None), "n0": (None, 7), "o1": (7, 7), "n2": (7, None)}
    assert await fcr.links() == moved
    await fcr.feed(contact("o1", START + 6 * DAY, revision=3))
    assert await fcr.links() == stay


async def test_a_contact_that_moves_in_time_leaves_no_trace(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY), contact("c", START + 100 * DAY))
    await fcr.feed(contact("b", START + 101 * DAY, revision=2))
    assert await fcr.links() == {"a": NEVER, "c": (None, 1), "b": (1, None)}
    await fcr.feed(contact("b", START + 99 * DAY, revision=3))
    assert await fcr.links() == {"a": NEVER, "b": (None, 1), "c": (1, None)}


@pytest.mark.parametrize("gone", [{"excluded": "test"}, {"direction": "outbound"}, {"reason": None}, {"client": None}])
async def test_a_contact_that_no_longer_counts_has_no_links(fcr: Store, gone: dict[str, Any]) -> None:
    await fcr.feed(contact("a"), contact("b", START + 5 * DAY), contact("c", START + 10 * DAY))
    await fcr.feed(contact("b", START + 5 * DAY, revision=2, **gone))
    assert await fcr.links() == {"a": (None, 30), "b": NEVER, "c": (30, None)}


async def test_a_retraction_removes_links_and_can_be_reversed(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + 5 * DAY), contact("c", START + 36 * DAY))
    before = await fcr.links(), await fcr.buckets()
    await fcr.feed(retracted(2, contact_id="b"))
    assert await fcr.links() == {"a": NEVER, "c": NEVER}
    await fcr.feed(contact("b", START + 5 * DAY))  # the same rank as before the retraction
    assert await fcr.links() == {"a": NEVER, "c": NEVER}
    await fcr.feed(contact("b", START + 5 * DAY, revision=3))
    assert (await fcr.links(), await fcr.buckets()) == before


async def test_an_erasure_removes_the_links_of_one_client_only(fcr: Store) -> None:
    mine = [contact(f"a{n}", START + n * DAY) for n in range(3)]
    others = [contact(f"b{n}", START + n * DAY, client=BERTTA) for n in range(3)]
    await fcr.feed(*others)
    alone = await fcr.links(), await fcr.buckets(), await fcr.all("select * from fcr.contact order by id")
    await fcr.feed(*mine)
    await fcr.erase(ANNA)
    kept = await fcr.all("select * from fcr.contact where not retracted order by id")
    assert (await fcr.links(), await fcr.buckets(), kept) == alone
    await fcr.feed(
        contact("a1", START, revision=5), contact("a9", START)
    )  # erased facts do not return, new ones are not stored
    await fcr.feed(contact("b1", START + DAY, revision=2, client=ANNA))  # a correction moves Bertta's contact to Anna
    assert await fcr.links() == {"b0": (None, 7), "b2": (7, None)}
    left = await fcr.all(
        "select count(*) from fcr.contact where own_client = $1 or person is null and not retracted", ANNA
    )
    assert left == [(0,)]


async def test_links_do_not_cross_counties(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("a", START + DAY, county="pirha"), contact("b", START + 2 * DAY))
    rows = await fcr.all("select county, id, repeats_within, repeated_within from fcr.contact order by 1, 2")
    assert rows == [(COUNTY, "a", None, 7), (COUNTY, "b", 7, None), ("pirha", "a", None, None)]


async def test_only_neighbours_in_time_are_read(fcr: Store) -> None:
    """5,000 contacts of one link key, eight hours apart: another one reads those of two months."""
    crowd = [contact(f"c{n:04}", START - n * 8 * HOUR) for n in range(5000)]
    random.Random(1).shuffle(crowd)
    for first in range(0, len(crowd), 1000):
        await fcr.feed(*crowd[first : first + 1000])
    between = await fcr.all("select count(*) from fcr.contact where repeats_within = 1 and repeated_within = 1")
    assert between == [(4998,)]
    late = decode(contact("late", START - 1000 * DAY - HOUR), fcr.registers)
    assert isinstance(late, Contact)
    async with fcr.pool.acquire() as connection, connection.transaction():
        await lock_counties(connection, "fcr", [COUNTY])
        before = await connection.fetchval(ROWS_READ)
        await apply(connection, COUNTY, [late], fcr.registers)
        read = await connection.fetchval(ROWS_READ) - before
    assert 62 * 3 <= read < 62 * 3 + 20  # the neighbours, and a few probes by id
    assert (await fcr.links())["late"] == (1, 1)
