"""Random events of a few clients, received in any order and in any batches, also with rule changes.

Memberships, labels, histories and buckets equal those of a store that received only the winning facts, in one batch,
merges last.
"""

import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.segments.store import REFOLD
from shared.contracts.event import decode_event
from shared.record import PlainRecord
from shared.registers import load_folder
from tests.product import SAMPLE, Database
from tests.store.fcr_harness import ANNA, BERTTA
from tests.store.segments_harness import (
    Store,
    assignment,
    erased,
    flag,
    merged,
    open_store,
    plan,
    retracted,
    split_batches,
    suuntima,
)
from tests.store.segments_harness import event as service_event

FIRST = datetime(2026, 1, 30, 8, tzinfo=UTC)
CELIA = "k2." + "C" * 22
CLIENTS, IDS, REVISIONS = st.sampled_from((ANNA, BERTTA, CELIA)), st.sampled_from("abcde"), st.sampled_from((1, 1, 2))
INSTANTS = st.integers(0, 500).map(lambda n: FIRST + timedelta(days=n))
SPANS = st.tuples(st.integers(0, 400), st.sampled_from((None, 1, 20, 300))).map(
    lambda pair: (
        (FIRST + timedelta(days=pair[0])).date(),
        pair[1] and (FIRST + timedelta(days=pair[0] + pair[1])).date(),
    )
)
SECTORS = st.sampled_from(("vastaanotto", "erikoissairaanhoito", "lapsiperheet", "tyoikaiset", "tuntematon"))
EVENTS = st.builds(
    lambda id, sector, at, revision, client, status: service_event(
        id, sector, at, revision, client=client, status=status
    ),
    st.text("abcdefgh", min_size=1, max_size=1),
    SECTORS,
    INSTANTS,
    REVISIONS,
    CLIENTS,
    st.sampled_from(("done", "done", "done", "cancelled")),
)
VALID = st.builds(
    lambda make, id, span, revision, client: make(id, *span, revision, client=client),
    st.sampled_from((flag, plan, assignment)),
    IDS,
    SPANS,
    REVISIONS,
    CLIENTS,
)
ASSESSMENTS = st.builds(
    lambda id, result, at, revision, client: suuntima(id, result, at, revision, client=client),
    IDS,
    st.sampled_from(("verkosto", "verkosto", "omatoimi")),
    INSTANTS,
    REVISIONS,
    CLIENTS,
)
MERGES = st.builds(merged, st.sampled_from("mn"), CLIENTS, CLIENTS, REVISIONS)
RETRACTIONS = st.builds(
    lambda kind, id, revision: retracted(revision, **{kind: id}),
    st.sampled_from(("service_event_id", "flag_id", "assessment_id", "merge_id")),
    st.sampled_from("abm"),
    REVISIONS,
)
RULES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "enabled": st.lists(st.sampled_from(("E1", "E2", "E3", "E4", "E6")), unique=True).map(tuple),
        "e3_valid_days": st.sampled_from((30, 365)),
        "e4_min_sectors": st.sampled_from((2, 3)),
        "e4_window_days": st.sampled_from((20, 365)),
    }
)
RECORDS = st.tuples(
    st.lists(EVENTS, max_size=9),
    st.lists(VALID | ASSESSMENTS, max_size=5),
    st.lists(MERGES | RETRACTIONS, max_size=4),
    st.lists(st.builds(erased, CLIENTS), max_size=1),
).map(lambda parts: [record for part in parts for record in part])


@pytest.fixture
async def segments(database: Database) -> AsyncIterator[Store]:
    async with open_store(database) as store:
        yield store


@settings(max_examples=30)
@given(records=RECORDS, sizes=st.lists(st.integers(1, 6), max_size=30), data=st.data())
async def test_any_order_and_batches_give_the_same_state(
    segments: Store, records: list[PlainRecord], sizes: list[int], data: st.DataObject
) -> None:
    received = data.draw(st.permutations([*records, *records[::3]]))
    await segments.clear()
    for batch in split_batches(received, sizes):
        await segments.feed(*batch)
    found = await stored_state(segments)
    event(f"{len(found[0])} members")

    await segments.clear()
    await segments.feed(*winning_records(records))
    assert await stored_state(segments) == found


@settings(max_examples=30)
@given(
    records=RECORDS,
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=8),
    rule_changes=st.lists(st.tuples(st.integers(0, 8), RULES), min_size=1, max_size=2),
    steps=st.lists(st.integers(0, 3), max_size=12),
)
async def test_rule_changes_give_the_same_state(
    segments: Store,
    records: list[PlainRecord],
    sizes: list[int],
    rule_changes: list[tuple[int, dict[str, Any]]],
    steps: list[int],
) -> None:
    await segments.clear()
    await segments.use(load_folder(SAMPLE / "config"))
    for number, batch in enumerate(split_batches(records, sizes)):
        for at, rule in rule_changes:
            if at == number:
                await segments.change(**rule)
        if number < len(steps) and number:
            event(f"refold finished: {await segments.step(steps[number])}")
        await segments.feed(*batch)
    await REFOLD.run(segments.pool, segments.registers)
    found = await stored_state(segments)

    await segments.clear()
    await segments.feed(*winning_records(records))
    assert await stored_state(segments) == found


async def stored_state(segments: Store) -> tuple[Any, ...]:
    labels = await segments.labels()
    return await segments.members(), labels, await segments.histories(), await segments.buckets()


def winning_records(records: Iterable[PlainRecord]) -> list[PlainRecord]:
    """Return the greatest event per business id by revision, time and id, and every erasure."""
    best: dict[Any, tuple[Any, PlainRecord]] = {}
    for record in records:
        received = decode_event(record.value or b"")
        data = json.loads(record.value or b"")["data"]
        (key,) = ((name, value) for name, value in data.items() if name.endswith("_id"))
        order = (received.data.revision, received.time, received.id)
        if key not in best or best[key][0] < order:
            best[key] = (order, record)
    return [record for _, record in best.values()]
