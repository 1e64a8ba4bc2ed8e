"""Links of stored contacts: late, moved, retracted and restored contacts, and the number of rows read."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.fcr.decode import decode
from services.fcr.facts import Contact
from services.fcr.store import apply
from shared.postgres.lock import lock_county
from tests.product import Database
from tests.store.fcr_harness import (
    ANNA,
    BERTTA,
    COUNTY,
    DAY,
    HOUR,
    MICROSECOND,
    SECOND,
    START,
    Store,
    contact,
    retracted,
)
from tests.store.readers import as_owner

MONDAY = START + 2 * HOUR
NO_LINKS = (None, None)
# Rows that this session has read since it last flushed its statistics. An open transaction does not flush them.
ROWS_READ = """
select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables
where schemaname = 'fcr' and relname = 'contact'
"""


@pytest.mark.parametrize("days", [1, 7, 30])
@pytest.mark.parametrize("late", [-MICROSECOND, timedelta(0), MICROSECOND, SECOND])
async def test_end_of_the_window_is_inclusive(fcr: Store, days: int, late: timedelta) -> None:
    """A contact ends on Monday at 10:00:00. A start `days` later at 10:00:00 is a repeat, at 10:00:01 it is not."""
    next_window = {1: 7, 7: 30, 30: None}
    smallest = next_window[days] if late > timedelta(0) else days
    await fcr.feed(contact("a", MONDAY - 300 * SECOND, ended_at=MONDAY), contact("b", MONDAY + days * DAY + late))
    assert await fcr.links() == {"a": (None, smallest), "b": (smallest, None)}


@pytest.mark.parametrize(
    ("ended_at", "effective_end"),
    [(None, START), (START - HOUR, START - HOUR), (START + DAY, START + DAY), (START + 9 * DAY, START + DAY)],
)
async def test_window_begins_at_the_effective_end(
    fcr: Store, ended_at: datetime | None, effective_end: datetime
) -> None:
    await fcr.feed(contact("a", ended_at=ended_at), contact("b", effective_end + 30 * DAY, reason="muu"))
    assert await fcr.links() == {"a": NO_LINKS, "b": NO_LINKS}
    await fcr.feed(contact("b", effective_end + 30 * DAY, revision=2))
    assert await fcr.links() == {"a": (None, 30), "b": (30, None)}
    await fcr.feed(contact("b", effective_end + 30 * DAY + MICROSECOND, revision=3))
    assert await fcr.links() == {"a": NO_LINKS, "b": NO_LINKS}


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
async def test_repeat_needs_same_link_key_and_unplanned_inbound(
    fcr: Store, fields: dict[str, Any], repeats: bool
) -> None:
    await fcr.feed(contact("a"), contact("b", START + 3 * DAY, **fields))
    assert await fcr.links() == ({"a": (None, 7), "b": (7, None)} if repeats else {"a": NO_LINKS, "b": NO_LINKS})


async def test_simultaneous_contacts_are_ordered_by_id(fcr: Store) -> None:
    """Ids are ordered by code point: U+FFFF comes before U+1F600, unlike in UTF-16."""
    await fcr.feed(contact("\uffff"), contact("\U0001f600"))
    assert await fcr.links() == {"\uffff": (None, 1), "\U0001f600": (1, None)}


async def test_late_contact_between_two_others_changes_their_links(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("c", START + 20 * DAY))
    assert await fcr.links() == {"a": (None, 30), "c": (30, None)}
    await fcr.feed(contact("b", START + 19.5 * DAY))
    assert await fcr.links() == {"a": (None, 30), "b": (30, 1), "c": (1, None)}
    await fcr.feed(contact("b", START + 19.5 * DAY, revision=2, answered_at=None))
    assert await fcr.links() == {"a": (None, 30), "b": (30, None), "c": (30, None)}
    await fcr.feed(contact("b", START + 19.5 * DAY, revision=3, planned=True))
    assert await fcr.links() == {"a": (None, 30), "b": (None, 1), "c": (1, None)}


async def test_contact_repeats_an_earlier_one_that_ends_later(fcr: Store) -> None:
    """A repeat depends on the latest end of all earlier contacts, not on that of its predecessor."""
    await fcr.feed(contact("long", ended_at=START + 20 * HOUR), contact("short", START + HOUR))
    await fcr.feed(contact("late", START + DAY + 20 * HOUR))
    assert await fcr.links() == {"long": (None, 1), "short": (1, 7), "late": (1, None)}


@pytest.mark.parametrize("fields", [{"client": BERTTA}, {"line": "sosiaali"}, {"reason": "muu"}])
async def test_contact_with_changed_link_key_moves_its_links(fcr: Store, fields: dict[str, Any]) -> None:
    old = [contact(f"o{n}", START + n * 6 * DAY) for n in range(3)]
    new = [contact(f"n{n}", START + n * 6 * DAY + HOUR, **fields) for n in (0, 2)]
    await fcr.feed(*old, *new)
    before = {"o0": (None, 7), "o1": (7, 7), "o2": (7, None), "n0": (None, 30), "n2": (30, None)}
    assert await fcr.links() == before
    await fcr.feed(contact("o1", START + 6 * DAY, revision=2, **fields))
    after = {"o0": (None, 30), "o2": (30, None), "n0": (None, 7), "o1": (7, 7), "n2": (7, None)}
    assert await fcr.links() == after
    await fcr.feed(contact("o1", START + 6 * DAY, revision=3))
    assert await fcr.links() == before


async def test_contact_with_changed_time_leaves_no_old_links(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + DAY), contact("c", START + 100 * DAY))
    await fcr.feed(contact("b", START + 101 * DAY, revision=2))
    assert await fcr.links() == {"a": NO_LINKS, "c": (None, 1), "b": (1, None)}
    await fcr.feed(contact("b", START + 99 * DAY, revision=3))
    assert await fcr.links() == {"a": NO_LINKS, "b": (None, 1), "c": (1, None)}


@pytest.mark.parametrize(
    "change", [{"excluded": "test"}, {"direction": "outbound"}, {"reason": None}, {"client": None}]
)
async def test_contact_that_no_longer_counts_has_no_links(fcr: Store, change: dict[str, Any]) -> None:
    await fcr.feed(contact("a"), contact("b", START + 5 * DAY), contact("c", START + 10 * DAY))
    await fcr.feed(contact("b", START + 5 * DAY, revision=2, **change))
    assert await fcr.links() == {"a": (None, 30), "b": NO_LINKS, "c": (30, None)}


async def test_retraction_removes_links_and_can_be_reversed(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("b", START + 5 * DAY), contact("c", START + 36 * DAY))
    before = await fcr.links(), await fcr.buckets()
    await fcr.feed(retracted(2, contact_id="b"))
    assert await fcr.links() == {"a": NO_LINKS, "c": NO_LINKS}
    await fcr.feed(contact("b", START + 5 * DAY))  # the same rank as before the retraction
    assert await fcr.links() == {"a": NO_LINKS, "c": NO_LINKS}
    await fcr.feed(contact("b", START + 5 * DAY, revision=3))
    assert (await fcr.links(), await fcr.buckets()) == before


async def test_erasure_removes_the_links_of_one_client_only(fcr: Store) -> None:
    erased_contacts = [contact(f"a{n}", START + n * DAY) for n in range(3)]
    others = [contact(f"b{n}", START + n * DAY, client=BERTTA) for n in range(3)]
    await fcr.feed(*others)
    without_erased = await fcr.links(), await fcr.buckets(), await fcr.fetch("select * from fcr.contact order by id")
    await fcr.feed(*erased_contacts)
    await fcr.erase(ANNA)
    kept = await fcr.fetch("select * from fcr.contact where not retracted order by id")
    assert (await fcr.links(), await fcr.buckets(), kept) == without_erased
    # Erased facts do not return, and new facts of the client are not stored.
    await fcr.feed(contact("a1", START, revision=5), contact("a9", START))
    await fcr.feed(contact("b1", START + DAY, revision=2, client=ANNA))  # Bertta's contact is corrected to Anna
    assert await fcr.links() == {"b0": (None, 7), "b2": (7, None)}
    left = await fcr.fetch(
        "select count(*) from fcr.contact where own_client = $1 or person is null and not retracted", ANNA
    )
    assert left == [(0,)]


async def test_links_do_not_cross_counties(fcr: Store) -> None:
    await fcr.feed(contact("a"), contact("a", START + DAY, county="pirha"), contact("b", START + 2 * DAY))
    rows = await fcr.fetch("select county, id, repeats_within, repeated_within from fcr.contact order by 1, 2")
    assert rows == [(COUNTY, "a", None, 7), (COUNTY, "b", 7, None), ("pirha", "a", None, None)]


async def test_only_neighbours_in_time_are_read(fcr: Store, _family_database: Database) -> None:
    """Of 5,000 contacts with one link key, eight hours apart, a new contact reads those of two months."""
    existing = [contact(f"c{n:04}", START - n * 8 * HOUR) for n in range(5000)]
    random.Random(1).shuffle(existing)
    for first in range(0, len(existing), 1000):
        await fcr.feed(*existing[first : first + 1000])
    between = await fcr.fetch("select count(*) from fcr.contact where repeats_within = 1 and repeated_within = 1")
    assert between == [(4998,)]
    await as_owner(_family_database, "analyze fcr.contact")  # analysed while it was empty, a small table is scanned
    late = decode(contact("late", START - 1000 * DAY - HOUR), fcr.registers)
    assert isinstance(late, Contact)
    async with fcr.pool.acquire() as connection, connection.transaction():
        await lock_county(connection, "fcr", COUNTY)
        before = await connection.fetchval(ROWS_READ)
        await apply(connection, COUNTY, [late], fcr.registers)
        read = await connection.fetchval(ROWS_READ) - before
    assert 62 * 3 <= read < 62 * 3 + 20  # the neighbours, and a few probes by id
    assert (await fcr.links())["late"] == (1, 1)
