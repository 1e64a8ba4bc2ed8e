"""Reading retained records: every committed record exactly once, up to the end offsets at the start."""

from collections.abc import Sequence
from typing import Any

import pytest

from shared.contracts.catalogue import CONTACT, PARTITIONS, PERSON, SEGMENT, Topic
from shared.edge import retained
from shared.edge.produce import Outgoing, make_producer, publish
from shared.edge.retained import read_retained
from shared.record import Record
from shared.settings import Settings
from tests.product import Product


def settings_of(product: Product) -> Settings:
    folder = product.folder
    return Settings(
        "fcr", product.kafka, "", product.config_dir, folder / "letter.keys", topic_prefix=product.topic_prefix
    )


def numbered_records(product: Product, topic: Topic, numbers: Sequence[int]) -> list[Outgoing]:
    return [Outgoing(product.topic_prefix + topic.name, b"k%d" % n, b"%d" % n) for n in numbers]


async def test_reading_stops_at_the_end_offsets_of_the_start(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that arrive on any partition after the end offsets are known are left to the live consumers."""
    batches: list[list[int]] = []
    numbers, at_ends = range(2 * retained.MAX_RECORDS + 1000), retained._at_ends
    producer = make_producer(product.kafka, "test-retained")
    await producer.start()

    async def publish_late(*arguments: Any) -> bool:
        await publish(
            producer, [record._replace(key=None) for record in numbered_records(product, CONTACT, [-1] * PARTITIONS)]
        )
        return await at_ends(*arguments)

    async def handle(records: Sequence[Record]) -> None:
        batches.append([int(record.value or b"") for record in records])

    monkeypatch.setattr(retained, "_at_ends", publish_late)
    try:
        await publish(producer, numbered_records(product, CONTACT, numbers))
        assert await read_retained(settings_of(product), CONTACT, handle) == len(numbers)
    finally:
        await producer.stop()
    assert sorted(number for batch in batches for number in batch) == [*numbers]
    assert max(map(len, batches)) <= retained.MAX_RECORDS


async def test_aborted_records_and_markers_are_not_returned(product: Product) -> None:
    """A transaction marker has an offset and is no record, also when it is the last offset of a partition."""
    found: list[int] = []

    async def handle(records: Sequence[Record]) -> None:
        found.extend(int(record.value or b"") for record in records)

    producer = make_producer(product.kafka, "test-retained", transactional=f"{product.topic_prefix}t")
    await producer.start()
    try:
        for numbers, commit in (([1, 2, 3], True), ([4, 5], False), ([6], True), ([7], False)):
            await producer.begin_transaction()
            await publish(producer, numbered_records(product, SEGMENT, numbers))
            await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()
    assert await read_retained(settings_of(product), SEGMENT, handle) == 4
    assert sorted(found) == [1, 2, 3, 6]
    assert await read_retained(settings_of(product), PERSON, handle) == 0
