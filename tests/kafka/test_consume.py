"""What our code relies on of FastStream and aiokafka, on a real Kafka: nothing is lost by how records are consumed."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from faststream import AckPolicy

from shared.contracts.catalogue import FEEDBACK, PERSON, RAW, Stream, Topic
from shared.edge.consume import TRANSACTIONS_PER_DELIVERY, UnsafeSubscriberError, assert_safe, make_broker, subscribe
from shared.edge.produce import Outgoing, make_producer, partition_of, publish
from shared.edge.topics import TopicMismatchError, ensure_topics
from shared.record import Record
from shared.settings import Settings
from tests.replica import until

TOPIC = RAW[Stream.FEEDBACK]
_numbers = count(1)
Handler = Callable[[Sequence[Record]], Awaitable[None]]


@pytest.fixture
async def settings(kafka: str) -> Settings:
    """Settings of a service with an empty topic of its own."""
    prefix = f"c{os.getpid()}-{next(_numbers)}."
    await ensure_topics(kafka, prefix, [TOPIC])
    here = Path()
    return Settings("ingest", kafka, "", here, here, topic_prefix=prefix, max_records=10)


async def write(settings: Settings, *records: Outgoing) -> None:
    producer = make_producer(settings.kafka, "test")
    await producer.start()
    try:
        await publish(producer, records)
    finally:
        await producer.stop()


def numbered(settings: Settings, numbers: range) -> list[Outgoing]:
    return [Outgoing(settings.topic_prefix + TOPIC.name, b"%d" % (n % 7), b"%d" % n) for n in numbers]


@asynccontextmanager
async def consuming(settings: Settings, handler: Handler) -> AsyncIterator[None]:
    broker = make_broker(settings)
    subscribe(broker, settings, TOPIC, handler)
    assert_safe(broker)
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


async def test_a_new_group_begins_at_the_beginning(settings: Settings) -> None:
    await write(settings, *numbered(settings, range(50)))
    seen: list[Record] = []

    async def handler(records: Sequence[Record]) -> None:
        assert len(records) <= TRANSACTIONS_PER_DELIVERY * settings.max_records
        seen.extend(records)

    async with consuming(settings, handler):
        await until(lambda: len(seen) == 50, "all records")
    again: list[Record] = []

    async def other(records: Sequence[Record]) -> None:
        again.extend(records)

    async with consuming(settings, other):
        await write(settings, *numbered(settings, range(50, 51)))
        await until(lambda: again, "what came later")
    assert [record.value for record in again] == [b"50"], "what was handled is acknowledged"


async def test_a_batch_that_fails_comes_again_whole_and_in_order(settings: Settings) -> None:
    await write(settings, *numbered(settings, range(60)))
    done: list[Record] = []
    failures = iter([True, False, True, True, False, True])

    async def handler(records: Sequence[Record]) -> None:
        if next(failures, False):
            raise RuntimeError("not yet")
        done.extend(records)

    async with consuming(settings, handler):
        await until(lambda: len(done) >= 60, "all records in spite of failures")
    assert sorted(int(record.value or b"") for record in done) == list(range(60))
    for key in {record.key for record in done}:
        values = [int(record.value or b"") for record in done if record.key == key]
        assert values == sorted(values), "the order within a key is kept"


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{}"])
@pytest.mark.parametrize("header", [None, b"\xff\xfe", b"application/json", b"text/plain"])
async def test_no_header_or_value_loses_a_batch(settings: Settings, header: bytes | None, value: bytes | None) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    topic = settings.topic_prefix + TOPIC.name
    headers = [("content-type", header), ("correlation_id", header), ("reply_to", header)]
    for record_headers in ([], headers, []):
        await producer.send_and_wait(topic, value, b"k", headers=record_headers)
    await producer.stop()
    seen: list[Record] = []

    async def handler(records: Sequence[Record]) -> None:
        seen.extend(records)

    async with consuming(settings, handler):
        await until(lambda: len(seen) == 3, "all three")
    assert [(record.value, list(record.headers)) for record in seen] == [(value, []), (value, headers), (value, [])]


async def test_stopping_waits_for_the_batch_in_hand(settings: Settings) -> None:
    await write(settings, *numbered(settings, range(5)))
    begun, release, done = asyncio.Event(), asyncio.Event(), list[Record]()

    async def handler(records: Sequence[Record]) -> None:
        begun.set()
        await release.wait()
        done.extend(records)

    async with consuming(settings, handler):
        await begun.wait()
        asyncio.get_running_loop().call_later(0.2, release.set)
    assert done, "broker.stop() came back after the handler"


@pytest.mark.parametrize(
    "arguments",
    [
        {"ack_policy": AckPolicy.ACK_FIRST, "auto_offset_reset": "earliest"},
        {"ack_policy": AckPolicy.ACK, "auto_offset_reset": "earliest"},
        {"ack_policy": AckPolicy.NACK_ON_ERROR},
        {"ack_policy": AckPolicy.NACK_ON_ERROR, "auto_offset_reset": "earliest"},  # reads aborted records, too
    ],
)
def test_a_subscriber_that_could_lose_records_stops_the_start(arguments: dict[str, Any]) -> None:
    broker = make_broker(Settings("nps", "127.0.0.1:1", "", Path(), Path()))
    broker.subscriber("x", group_id="x", batch=True, **arguments)
    with pytest.raises(UnsafeSubscriberError):
        assert_safe(broker)


async def test_partitions_are_those_of_every_kafka_client(settings: Settings) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    keys = ["k1.AAAAAAAAAAAAAAAAAAAAAA", "oma-häme:merge:1", "", "x" * 200, *map(str, range(50))]
    for key in keys:
        sent = await producer.send_and_wait(settings.topic_prefix + TOPIC.name, b"", key.encode())
        assert partition_of(key.encode()) == sent.partition
    await producer.stop()


async def test_topics_that_differ_from_the_declaration_are_refused(kafka: str) -> None:
    prefix = f"c{os.getpid()}-{next(_numbers)}."
    other = Topic(FEEDBACK.name, FEEDBACK.retention_ms, FEEDBACK.key, FEEDBACK.writer, FEEDBACK.readers, partitions=3)
    await ensure_topics(kafka, prefix, [other])
    with pytest.raises(TopicMismatchError, match="has 3 partitions, declared are 12"):
        await ensure_topics(kafka, prefix, [FEEDBACK, PERSON])
