"""What is left to read: transaction markers, aborted and removed records are not; records of open transactions are."""

import contextlib
import os
from collections.abc import AsyncIterator
from itertools import count

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import InvalidTransactionTimeout, KafkaError

from shared.contracts.catalogue import CONTACT, TRANSACTION_LIMIT_MS
from shared.edge.offsets import Offsets, committed_reader, end_offsets, unread
from shared.edge.topics import ensure_topics
from tests.replica import until

_numbers = count(1)


@pytest.fixture
async def place(kafka: str) -> TopicPartition:
    prefix = f"unread{os.getpid()}-{next(_numbers)}."
    await ensure_topics(kafka, prefix, [CONTACT])
    return TopicPartition(prefix + CONTACT.name, 3)


@pytest.fixture
async def sender(kafka: str, place: TopicPartition) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that writes in transactions."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=place.topic)
    await producer.start()
    yield producer
    await producer.stop()


async def write(producer: AIOKafkaProducer, place: TopicPartition, records: int = 1) -> None:
    for _ in range(records):
        await producer.send_and_wait(place.topic, b"{}", partition=place.partition)


async def left(kafka: str, place: TopicPartition, done: int | None) -> int:
    """What a group that has committed `done` has left up to the end of now."""
    ends = await end_offsets(kafka, [place.topic])
    committed: Offsets = {} if done is None else {place: done}
    async with committed_reader(kafka) as reader:
        found = await unread(reader, committed, ends)
    assert found.keys() <= {place}, "the other partitions are empty"
    return found.get(place, 0)


async def marked(kafka: str, place: TopicPartition, end: int) -> None:
    """Wait for the marker that ends a transaction, which the broker writes after its answer; `end` counts it."""

    async def written() -> bool:
        return (await end_offsets(kafka, [place.topic]))[place] == end

    await until(written, f"the marker before offset {end}")


async def test_markers_and_aborted_records_are_nothing_to_wait_for(
    kafka: str, place: TopicPartition, sender: AIOKafkaProducer
) -> None:
    async with sender.transaction():
        await write(sender, place, 2)
    await marked(kafka, place, 3)
    assert await left(kafka, place, None) == 3, "two records, and the offset of the marker"
    assert await left(kafka, place, 1) == 2
    assert await left(kafka, place, 2) == 0, "only the marker is left"
    await sender.begin_transaction()
    await write(sender, place, 3)
    await sender.flush()
    assert await left(kafka, place, 3) == 3, "an open transaction is waited for"
    await sender.abort_transaction()
    await marked(kafka, place, 7)
    assert [await left(kafka, place, done) for done in (2, 3, 5, 7)] == [0, 0, 0, 0]


async def test_a_record_behind_an_open_transaction_waits(
    kafka: str, place: TopicPartition, sender: AIOKafkaProducer
) -> None:
    other = AIOKafkaProducer(bootstrap_servers=kafka)
    await other.start()
    await sender.begin_transaction()
    await write(sender, place)
    await write(other, place)
    assert await left(kafka, place, None) == 2
    await sender.abort_transaction()
    await marked(kafka, place, 3)
    assert await left(kafka, place, None) == 2, "from the record on: itself and the marker"
    assert await left(kafka, place, 2) == 0
    await other.stop()


async def test_records_that_left_the_log_unread(kafka: str, place: TopicPartition) -> None:
    producer, admin = AIOKafkaProducer(bootstrap_servers=kafka), AIOKafkaAdminClient(bootstrap_servers=kafka)
    await producer.start()
    await admin.start()
    await write(producer, place, 5)
    await admin.delete_records({place: RecordsToDelete(before_offset=3)})
    assert [await left(kafka, place, done) for done in (None, 1, 4)] == [2, 2, 1]
    await admin.delete_records({place: RecordsToDelete(before_offset=5)})
    assert [await left(kafka, place, done) for done in (None, 1, 5)] == [0, 0, 0]
    await producer.stop()
    await admin.close()


async def test_a_topic_that_was_made_anew_has_less_than_was_waited_for(kafka: str, place: TopicPartition) -> None:
    async with committed_reader(kafka) as reader:
        assert await unread(reader, {}, {place: 100}) == {}


async def test_a_sender_that_dies_in_a_transaction_holds_nothing_up_for_long(kafka: str, place: TopicPartition) -> None:
    """The broker looks for transactions that are open for too long every second."""
    sender = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=place.topic, transaction_timeout_ms=500)
    await sender.start()
    await sender.begin_transaction()
    await write(sender, place)
    assert await left(kafka, place, None) == 1

    async def nothing_left() -> bool:
        return await left(kafka, place, None) == 0

    await until(nothing_left, "the broker has aborted the transaction")
    with contextlib.suppress(KafkaError):  # it is fenced
        await sender.stop()


async def test_the_broker_limits_how_long_a_transaction_may_be_open(kafka: str) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id="slow", transaction_timeout_ms=TRANSACTION_LIMIT_MS + 1
    )
    with pytest.raises(InvalidTransactionTimeout):
        await producer.start()
    await producer.stop()
