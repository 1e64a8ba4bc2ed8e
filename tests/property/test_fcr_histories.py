"""Random contacts of a person, received in any order and in any batches.

Links equal those found by comparing every pair of winning facts. Buckets and cells equal those of a store that
received the winning facts in one batch.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from shared.contracts.event import decode_event
from shared.record import PlainRecord
from tests.product import Database
from tests.store.fcr_harness import (
    BERTTA,
    DAY,
    HOUR,
    MICROSECOND,
    SECOND,
    Store,
    contact,
    counted,
    open_store,
    retracted,
)

FIRST = datetime(2026, 1, 30, 8, tzinfo=UTC)  # 30 days later it is March
WINDOWS = (1, 7, 30)
ENDS = (None, 0 * DAY, 300 * SECOND, -HOUR, DAY - MICROSECOND, DAY, DAY + SECOND, 3 * DAY)

# Fields that make a contact differ from the default: a handled call with one link key.
VARIATIONS: tuple[dict[str, Any], ...] = (
    {"client": BERTTA},
    {"client": None},
    {"reason": "muu"},
    {"reason": None},
    {"line": "sosiaali"},
    {"channel": "chat", "unit": "hml-ta"},
    {"channel": "sms", "outcome": "hyte-ohjattu"},
    {"channel": "digital_booking"},
    {"channel": "other"},
    {"excluded": "test"},
    {"direction": "outbound"},
    {"planned": True},
    {"planned": True},
    {"answered_at": None},
    {"answered_at": None, "outcome": None},
    {"unit": "hml-ta", "transfers": 2},
)
IDS, REVISIONS = st.sampled_from("abcdefgh"), st.sampled_from((1, 1, 1, 2, 3))
SHIFTS = st.sampled_from((0 * DAY, MICROSECOND, -MICROSECOND, SECOND))


@st.composite
def contact_records(draw: st.DrawFn) -> list[PlainRecord]:
    """Return contacts that start with another contact or near the end of a window after it, and later revisions."""
    received, known = list[PlainRecord](), [(FIRST, FIRST)]
    for _ in range(draw(st.integers(4, 9))):
        started_at, end = draw(st.sampled_from(known))
        window = draw(st.sampled_from((0, *WINDOWS)))
        at = end + window * DAY + draw(SHIFTS) if window else started_at
        length = draw(st.sampled_from(ENDS))
        known.append((at, at + max(-HOUR, min(length or 0 * DAY, DAY))))
        fields: dict[str, Any] = {"ended_at": None if length is None else at + length}
        if draw(st.integers(0, 3)) == 3:
            fields |= draw(st.sampled_from(VARIATIONS))
        # Of equal revisions the later event wins, then the greater id.
        fields["time"] = FIRST + draw(st.integers(0, 1)) * HOUR
        received.append(contact(draw(IDS), at, draw(REVISIONS), **fields))
    return received + draw(st.lists(RETRACTIONS | COUNTS, max_size=3))


RETRACTIONS = st.builds(lambda id, revision: retracted(revision, contact_id=id), IDS, REVISIONS)
COUNTS = st.builds(
    lambda id, revision, n: counted(id, n, revision=revision), st.sampled_from("hi"), REVISIONS, st.integers(0, 3)
)
BATCHES = st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=30)


@pytest.fixture
async def fcr(database: Database) -> AsyncIterator[Store]:
    async with open_store(database) as store:
        yield store


@settings(max_examples=40)
@given(records=contact_records(), repeated=st.sets(st.integers(0, 11), max_size=4), batches=BATCHES, data=st.data())
async def test_any_order_and_batches_give_the_same_figures(
    fcr: Store, records: list[PlainRecord], repeated: set[int], batches: list[tuple[int, bool]], data: st.DataObject
) -> None:
    received = data.draw(st.permutations([*records, *(record for n, record in enumerate(records) if n in repeated)]))
    await fcr.clear()
    await feed(fcr, received, batches)
    winners = winning_records(records)
    links, (buckets, cells) = await fcr.links(), await figures(fcr)
    assert links == pairwise_links(winners)
    event(f"{sum(repeats is not None for repeats, _ in links.values())} repeats")

    await fcr.clear()
    await fcr.feed(*winners)
    assert (buckets, cells) == await figures(fcr)
    assert await fcr.links() == links


async def feed(fcr: Store, received: Sequence[PlainRecord], batches: Sequence[tuple[int, bool]]) -> None:
    """Store records in batches of these sizes, then the rest; count cells after a batch if its flag is set."""
    start = 0
    for size, count in (*batches, (len(received), False)):
        if start < len(received):
            await fcr.feed(*received[start : start + size])
            start += size
            if count:
                await fcr.refresh_cells()


async def figures(fcr: Store) -> tuple[Any, Any]:
    await fcr.refresh_cells()
    assert await fcr.stale() == set()
    return await fcr.buckets(), await fcr.cells()


def winning_records(records: Iterable[PlainRecord]) -> list[PlainRecord]:
    """Return the greatest event per business id by revision, time and id."""
    best: dict[tuple[bool, Any], tuple[Any, PlainRecord]] = {}
    for record in records:
        received = decode_event(record.value or b"")
        id = getattr(received.data, "contact_id", None) or getattr(received.data, "count_id", None)
        order = (received.data.revision, received.time, received.id)
        key = (hasattr(received.data, "contact_id"), id)
        if key not in best or best[key][0] < order:
            best[key] = (order, record)
    return [record for _, record in best.values()]


def pairwise_links(facts: Iterable[PlainRecord]) -> dict[str, tuple[int | None, int | None]]:
    """Return the smallest windows in which each contact repeats one and is repeated, by comparing every pair."""
    received: list[Any] = [decode_event(record.value or b"").data for record in facts]
    contacts = [data for data in received if hasattr(data, "started_at")]
    found = {}
    for one in contacts:
        repeats = min((smallest_window(one, other) for other in contacts), default=None, key=lambda w: w or 99)
        repeated = min((smallest_window(other, one) for other in contacts), default=None, key=lambda w: w or 99)
        found[one.contact_id] = (repeats, repeated)
    return found


def smallest_window(later: Any, earlier: Any) -> int | None:
    """Return the smallest window in which `later` repeats `earlier`, or None."""
    if any(c.direction != "inbound" or c.excluded or c.client is None or c.reason is None for c in (later, earlier)):
        return None
    if (later.client, later.line, later.reason) != (earlier.client, earlier.line, earlier.reason) or later.planned:
        return None
    if earlier.answered_at is None or earlier.channel not in ("phone", "chat", "sms"):
        return None
    if (later.started_at, later.contact_id) <= (earlier.started_at, earlier.contact_id):
        return None
    ended = min(earlier.ended_at or earlier.started_at, earlier.started_at + timedelta(hours=24))
    return next((days for days in WINDOWS if later.started_at <= ended + days * DAY), None)
