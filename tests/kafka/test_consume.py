"""The behaviour of FastStream and aiokafka that our code relies on, with a real Kafka: no consumed record is lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from faststream import AckPolicy
from prometheus_client import CollectorRegistry

from shared.contracts.catalogue import FEEDBACK, PERSON, RAW, Stream, Topic, group_id
from shared.edge import consume
from shared.edge.consume import (
    TRANSACTIONS_PER_DELIVERY,
    UnsafeSubscriberError,
    assert_safe,
    make_broker,
    start_broker,
    subscribe,
)
from shared.edge.offsets import committed_offsets
from shared.edge.produce import Outgoing, make_producer, partition_of, publish
from shared.edge.topics import TopicMismatchError, ensure_topics
from shared.metrics import PipelineMetrics
from shared.record import Record
from shared.settings import Settings
from tests.replica import wait_until

TOPIC = RAW[Stream.FEEDBACK]
_numbers = count(1)
Handler = Callable[[Sequence[Record]], Awaitable[None]]


@pytest.fixture
async def settings(kafka: str) -> Settings:
    """Settings of a service, with a new empty topic."""
    prefix = f"c{os.getpid()}-{next(_numbers)}."
    await ensure_topics(kafka, prefix, [TOPIC])
    folder = Path()
    return Settings("ingest", kafka, "", folder, folder, topic_prefix=prefix, max_records=10)


async def send(settings: Settings, *records: Outgoing) -> None:
    producer = make_producer(settings.kafka, "test")
    await producer.start()
    try:
        await publish(producer, records)
    finally:
        await producer.stop()


def numbered_records(settings: Settings, numbers: range) -> list[Outgoing]:
    return [Outgoing(settings.topic_prefix + TOPIC.name, b"%d" % (n % 7), b"%d" % n) for n in numbers]


@asynccontextmanager
async def consuming(
    settings: Settings, handler: Handler, count_rebalance: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    async def handle(records: Sequence[Record], finish: Callable[[], None]) -> bool:
        await handler(records)
        finish()
        return True

    async with taking(settings, handle, count_rebalance):
        yield


@asynccontextmanager
async def taking(
    settings: Settings, handler: consume.Handler, count_rebalance: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    broker = make_broker(settings)
    subscribe(broker, settings, TOPIC, handler, count_rebalance)
    assert_safe(broker)
    await start_broker(broker)
    try:
        yield
    finally:
        await broker.stop()


async def committed(settings: Settings) -> int:
    """How many records of a new topic are acknowledged."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        offsets = await committed_offsets(admin, settings.topic_prefix + group_id(settings.service, TOPIC))
        return sum(offsets.values())
    finally:
        await admin.close()


async def test_new_group_starts_at_the_first_record(settings: Settings) -> None:
    await send(settings, *numbered_records(settings, range(50)))
    received: list[Record] = []

    async def handler(records: Sequence[Record]) -> None:
        assert len(records) <= TRANSACTIONS_PER_DELIVERY * settings.max_records
        received.extend(records)

    async with consuming(settings, handler):
        await wait_until(lambda: len(received) == 50, "all records")
    later: list[Record] = []

    async def later_handler(records: Sequence[Record]) -> None:
        later.extend(records)

    async with consuming(settings, later_handler):
        await send(settings, *numbered_records(settings, range(50, 51)))
        await wait_until(lambda: later, "the record that came later")
    assert [record.value for record in later] == [b"50"], "handled records were not acknowledged"


async def test_failed_batch_is_redelivered_completely_and_in_order(settings: Settings) -> None:
    await send(settings, *numbered_records(settings, range(60)))
    handled: list[Record] = []
    failures = iter([True, False, True, True, False, True])

    async def handler(records: Sequence[Record]) -> None:
        if next(failures, False):
            raise RuntimeError("not yet")
        handled.extend(records)

    async with consuming(settings, handler):
        await wait_until(lambda: len(handled) >= 60, "all records in spite of failures")
    assert sorted(int(record.value or b"") for record in handled) == list(range(60))
    for key in {record.key for record in handled}:
        values = [int(record.value or b"") for record in handled if record.key == key]
        assert values == sorted(values), "the order within a key changed"


async def test_records_are_acknowledged_when_they_and_all_before_them_are_durable(settings: Settings) -> None:
    finishes: list[Callable[[], None]] = []

    async def handler(records: Sequence[Record], finish: Callable[[], None]) -> bool:
        finishes.append(finish)
        return True

    async def acknowledged(records: int) -> None:
        async def met() -> bool:
            return await committed(settings) == records

        await wait_until(met, f"{records} records are acknowledged")

    async with taking(settings, handler):
        for number in range(3):
            await send(settings, *numbered_records(settings, range(number, number + 1)))
            await wait_until(lambda number=number: len(finishes) == number + 1, "the delivery")  # type: ignore[misc]
        finishes[0]()
        await acknowledged(1)
        finishes[2]()
        assert await committed(settings) == 1, "the second delivery is not durable"
        finishes[1]()
        await acknowledged(3)


async def test_delivery_that_is_not_durable_comes_again_after_a_restart(settings: Settings) -> None:
    await send(settings, *numbered_records(settings, range(1)))
    first: list[Record] = []

    async def never_durable(records: Sequence[Record], finish: Callable[[], None]) -> bool:
        first.extend(records)
        return True

    async with taking(settings, never_durable):
        await wait_until(lambda: first, "the first delivery")
        await send(settings, *numbered_records(settings, range(1, 2)))
        await wait_until(lambda: len(first) == 2, "the second delivery")
    again: list[Record] = []

    async def handler(records: Sequence[Record]) -> None:
        again.extend(records)

    async with consuming(settings, handler):
        await wait_until(lambda: len(again) == 2, "both come again")


async def test_delivery_that_is_not_taken_comes_again(settings: Settings) -> None:
    await send(settings, *numbered_records(settings, range(30)))
    answers, taken = iter([False, True, False, False]), list[Record]()

    async def handler(records: Sequence[Record], finish: Callable[[], None]) -> bool:
        if not next(answers, True):
            return False
        taken.extend(records)
        finish()
        return True

    async with taking(settings, handler):
        await wait_until(lambda: len(taken) >= 30, "all records")
    assert sorted(int(record.value or b"") for record in taken) == list(range(30))
    assert await committed(settings) == 30


async def test_revoked_delivery_is_not_acknowledged(settings: Settings) -> None:
    """What a replica finishes after its partitions were revoked comes again, at the replica that has them then."""
    await send(settings, *numbered_records(settings, range(40)))
    finishes: list[Callable[[], None]] = []
    later: list[Record] = []

    async def slow(records: Sequence[Record], finish: Callable[[], None]) -> bool:
        finishes.append(finish)
        return True

    async def handler(records: Sequence[Record]) -> None:
        later.extend(records)

    async with taking(settings, slow):
        await wait_until(lambda: finishes, "the delivery")
        before = len(finishes)
        async with consuming(settings, handler):
            await wait_until(
                lambda: later and len(finishes) > before, "the partitions are shared, the records come again"
            )
            for finish in finishes[:before]:
                finish()
            assert await committed(settings) <= len(later), "only what the other replica handled"


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{}"])
@pytest.mark.parametrize("header", [None, b"\xff\xfe", b"application/json", b"text/plain"])
async def test_records_with_any_header_or_value_are_delivered(
    settings: Settings, header: bytes | None, value: bytes | None
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    topic = settings.topic_prefix + TOPIC.name
    headers = [("content-type", header), ("correlation_id", header), ("reply_to", header)]
    for record_headers in ([], headers, []):
        await producer.send_and_wait(topic, value, b"k", headers=record_headers)
    await producer.stop()
    received: list[Record] = []

    async def handler(records: Sequence[Record]) -> None:
        received.extend(records)

    async with consuming(settings, handler):
        await wait_until(lambda: len(received) == 3, "all three records")
    assert [(record.value, list(record.headers)) for record in received] == [(value, []), (value, headers), (value, [])]


async def test_stop_waits_for_the_current_batch(settings: Settings) -> None:
    await send(settings, *numbered_records(settings, range(5)))
    started, release, handled = asyncio.Event(), asyncio.Event(), list[Record]()

    async def handler(records: Sequence[Record]) -> None:
        started.set()
        await release.wait()
        handled.extend(records)

    async with consuming(settings, handler):
        await started.wait()
        asyncio.get_running_loop().call_later(0.2, release.set)
    assert handled, "broker.stop() returned before the handler"


@pytest.mark.parametrize(
    "arguments",
    [
        {"ack_policy": AckPolicy.ACK_FIRST, "auto_offset_reset": "earliest"},
        {"ack_policy": AckPolicy.ACK, "auto_offset_reset": "earliest"},
        {"ack_policy": AckPolicy.NACK_ON_ERROR, "auto_offset_reset": "earliest", "isolation_level": "read_committed"},
        {"ack_policy": AckPolicy.MANUAL},
        {"ack_policy": AckPolicy.MANUAL, "auto_offset_reset": "earliest"},  # also reads aborted records
    ],
)
def test_unsafe_subscriber_is_refused(arguments: dict[str, Any]) -> None:
    broker = make_broker(Settings("nps", "127.0.0.1:1", "", Path(), Path()))
    broker.subscriber("x", group_id="x", batch=True, **arguments)
    with pytest.raises(UnsafeSubscriberError):
        assert_safe(broker)


async def test_every_assignment_of_partitions_is_counted(settings: Settings) -> None:
    registry = CollectorRegistry()
    labels = {"service": "ingest", "topic": TOPIC.name}
    count_one = PipelineMetrics("ingest", registry).rebalances(TOPIC.name)

    def counted() -> float:
        return registry.get_sample_value("hva_rebalances_total", labels) or 0

    async def handler(_: Sequence[Record]) -> None: ...

    assert registry.get_sample_value("hva_rebalances_total", labels) == 0
    async with consuming(settings, handler, count_one):
        await wait_until(lambda: counted() == 1, "the first consumer has all partitions")
        async with consuming(settings, handler):
            await wait_until(lambda: counted() == 2, "the second consumer has taken some of them")


async def test_partition_of_a_key_is_the_same_as_in_aiokafka(settings: Settings) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    keys = ["k1.AAAAAAAAAAAAAAAAAAAAAA", "oma-häme:merge:1", "", "x" * 200, *map(str, range(50))]
    for key in keys:
        sent = await producer.send_and_wait(settings.topic_prefix + TOPIC.name, b"", key.encode())
        assert partition_of(key.encode()) == sent.partition
    await producer.stop()


async def test_topic_with_other_partition_count_is_refused(kafka: str) -> None:
    prefix = f"c{os.getpid()}-{next(_numbers)}."
    other = Topic(FEEDBACK.name, FEEDBACK.retention_ms, FEEDBACK.key, FEEDBACK.writer, FEEDBACK.readers, partitions=3)
    await ensure_topics(kafka, prefix, [other])
    with pytest.raises(TopicMismatchError, match="has 3 partitions, declared are 12"):
        await ensure_topics(kafka, prefix, [FEEDBACK, PERSON])
