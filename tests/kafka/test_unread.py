"""Unread records include those of open transactions, but no markers and no aborted or deleted records."""

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
from tests.replica import wait_until

_numbers = count(1)


@pytest.fixture
async def partition(kafka: str) -> TopicPartition:
    prefix = f"unread{os.getpid()}-{next(_numbers)}."
    await ensure_topics(kafka, prefix, [CONTACT])
    return TopicPartition(prefix + CONTACT.name, 3)


@pytest.fixture
async def sender(kafka: str, partition: TopicPartition) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that writes in transactions."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=partition.topic)
    await producer.start()
    yield producer
    await producer.stop()


async def write(producer: AIOKafkaProducer, partition: TopicPartition, records: int = 1) -> None:
    for _ in range(records):
        await producer.send_and_wait(partition.topic, b"{}", partition=partition.partition)


async def unread_count(kafka: str, partition: TopicPartition, committed: int | None) -> int:
    """The unread records of a group with this committed offset, up to the current end."""
    ends = await end_offsets(kafka, [partition.topic])
    offsets: Offsets = {} if committed is None else {partition: committed}
    async with committed_reader(kafka) as reader:
        found = await unread(reader, offsets, ends)
    assert found.keys() <= {partition}, "another partition has unread records"
    return found.get(partition, 0)


async def wait_for_marker(kafka: str, partition: TopicPartition, end: int) -> None:
    """Wait for the marker of a transaction, which the broker writes after its answer. `end` is the offset after it."""

    async def written() -> bool:
        return (await end_offsets(kafka, [partition.topic]))[partition] == end

    await wait_until(written, f"the marker before offset {end}")


async def test_markers_and_aborted_records_are_not_unread(
    kafka: str, partition: TopicPartition, sender: AIOKafkaProducer
) -> None:
    async with sender.transaction():
        await write(sender, partition, 2)
    await wait_for_marker(kafka, partition, 3)
    assert await unread_count(kafka, partition, None) == 3, "two records and the offset of the marker"
    assert await unread_count(kafka, partition, 1) == 2
    assert await unread_count(kafka, partition, 2) == 0, "only the marker is left"
    await sender.begin_transaction()
    await write(sender, partition, 3)
    await sender.flush()
    assert await unread_count(kafka, partition, 3) == 3, "records of an open transaction are unread"
    await sender.abort_transaction()
    await wait_for_marker(kafka, partition, 7)
    assert [await unread_count(kafka, partition, offset) for offset in (2, 3, 5, 7)] == [0, 0, 0, 0]


async def test_record_after_an_open_transaction_is_unread(
    kafka: str, partition: TopicPartition, sender: AIOKafkaProducer
) -> None:
    other = AIOKafkaProducer(bootstrap_servers=kafka)
    await other.start()
    await sender.begin_transaction()
    await write(sender, partition)
    await write(other, partition)
    assert await unread_count(kafka, partition, None) == 2
    await sender.abort_transaction()
    await wait_for_marker(kafka, partition, 3)
    assert await unread_count(kafka, partition, None) == 2, "the committed record and the marker"
    assert await unread_count(kafka, partition, 2) == 0
    await other.stop()


async def test_deleted_records_are_not_unread(kafka: str, partition: TopicPartition) -> None:
    producer, admin = AIOKafkaProducer(bootstrap_servers=kafka), AIOKafkaAdminClient(bootstrap_servers=kafka)
    await producer.start()
    await admin.start()
    await write(producer, partition, 5)
    await admin.delete_records({partition: RecordsToDelete(before_offset=3)})
    assert [await unread_count(kafka, partition, offset) for offset in (None, 1, 4)] == [2, 2, 1]
    await admin.delete_records({partition: RecordsToDelete(before_offset=5)})
    assert [await unread_count(kafka, partition, offset) for offset in (None, 1, 5)] == [0, 0, 0]
    await producer.stop()
    await admin.close()


async def test_end_offsets_of_a_recreated_topic_are_not_unread(kafka: str, partition: TopicPartition) -> None:
    async with committed_reader(kafka) as reader:
        assert await unread(reader, {}, {partition: 100}) == {}


async def test_transaction_of_a_dead_sender_is_aborted(kafka: str, partition: TopicPartition) -> None:
    """The broker checks the timeouts of transactions every second."""
    sender = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=partition.topic, transaction_timeout_ms=500)
    await sender.start()
    await sender.begin_transaction()
    await write(sender, partition)
    assert await unread_count(kafka, partition, None) == 1

    async def nothing_unread() -> bool:
        return await unread_count(kafka, partition, None) == 0

    await wait_until(nothing_unread, "the broker has aborted the transaction")
    with contextlib.suppress(KafkaError):  # the producer is fenced
        await sender.stop()


async def test_broker_refuses_a_longer_transaction_timeout(kafka: str) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id="slow", transaction_timeout_ms=TRANSACTION_LIMIT_MS + 1
    )
    with pytest.raises(InvalidTransactionTimeout):
        await producer.start()
    await producer.stop()
