"""Histories on the segment stream: none is lost, and none comes after a newer version."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.segments import outbox as outbox_module
from services.segments.outbox import Outbox
from shared.contracts.catalogue import SEGMENT
from shared.edge.produce import make_producer, partition_of, publish
from tests.product import Product
from tests.store import segments_harness
from tests.store.fcr_harness import ANNA, TODAY
from tests.store.segments_harness import Store, flag, retracted


@pytest.fixture
async def segments(product: Product) -> AsyncIterator[Store]:
    async with segments_harness.open_store(product.database) as store:
        yield store


@asynccontextmanager
async def outbox_of(product: Product, segments: Store) -> AsyncIterator[Outbox]:
    topic = product.topic_prefix + SEGMENT.name
    outbox = Outbox(segments.pool, topic, lambda: make_producer(product.kafka, "test-outbox", transactional=topic))
    try:
        yield outbox
    finally:
        await outbox.close()


async def published_intervals(product: Product) -> list[str]:
    """The intervals on the stream in order, including those of aborted transactions."""
    topic = product.topic_prefix + SEGMENT.name
    consumer = AIOKafkaConsumer(bootstrap_servers=product.kafka)
    await consumer.start()
    try:
        partition = TopicPartition(topic, partition_of(ANNA.encode()))
        consumer.assign([partition])
        await consumer.seek_to_beginning()
        end, found = (await consumer.end_offsets([partition]))[partition], list[str]()
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(timeout_ms=200)).get(partition, []):
                found.append(orjson.dumps(orjson.loads(record.value)["intervals"]).decode())
        return found
    finally:
        await consumer.stop()


MEMBER, NO_MEMBER = f'[["{TODAY}",null]]', "[]"


async def test_changed_history_is_published_once(product: Product, segments: Store) -> None:
    await segments.feed(flag("f"))
    async with outbox_of(product, segments) as outbox:
        assert [await outbox.publish_pending(), await outbox.publish_pending()] == [1, 0]
        await segments.feed(retracted(flag_id="f"))
        assert await outbox.publish_pending() == 1
    assert await published_intervals(product) == [MEMBER, NO_MEMBER]


async def test_unacknowledged_histories_stay_pending(
    product: Product, segments: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await segments.feed(flag("f"))

    async def fails(*_: object) -> None:
        raise ConnectionResetError

    async with outbox_of(product, segments) as outbox:
        with monkeypatch.context() as patch:
            patch.setattr(outbox_module, "publish", fails)
            with pytest.raises(ConnectionResetError):
                await outbox.publish_pending()
        assert await published_intervals(product) == []
        assert await outbox.publish_pending() == 1
    assert await published_intervals(product) == [MEMBER]


@pytest.mark.parametrize("with_new_versions", [False, True])
async def test_enqueue_all_publishes_every_history(
    product: Product, segments: Store, monkeypatch: pytest.MonkeyPatch, with_new_versions: bool
) -> None:
    """With the same versions, or with new ones, which readers take as newer."""
    monkeypatch.setattr(outbox_module, "_CHUNK", 2)
    clients = [ANNA, *(f"k1.{letter * 22}" for letter in "BCDE")]
    await segments.feed(*(flag(client, client=client) for client in clients))
    versions = "select client, version from segments.history order by client"
    async with outbox_of(product, segments) as outbox:
        assert await outbox.publish_pending() == len(clients)
        before = dict(await segments.fetch(versions))
        await outbox.enqueue_all(with_new_versions)
        assert await outbox.publish_pending() == len(clients)
        after = dict(await segments.fetch(versions))
    assert await published_intervals(product) == [MEMBER, MEMBER]
    assert before == after if not with_new_versions else all(before[client] < after[client] for client in clients)


@pytest.mark.parametrize("frozen_at", ["start", "publish"])
async def test_late_outbox_cannot_publish_an_older_history(
    product: Product, segments: Store, monkeypatch: pytest.MonkeyPatch, frozen_at: str
) -> None:
    """One outbox freezes before its producer starts, or after it has read an old history. Another one, which got its
    lease, publishes a newer history.
    """
    await segments.feed(flag("f"))
    frozen, resumed = asyncio.Event(), asyncio.Event()
    get_producer = Outbox._get_producer

    async def freeze() -> None:
        if not frozen.is_set():
            frozen.set()
            await resumed.wait()

    async def late_publish(*arguments: object) -> None:
        await freeze()
        await publish(*arguments)  # type: ignore[arg-type]

    async def late_start(self: Outbox) -> object:
        await freeze()
        return await get_producer(self)

    if frozen_at == "publish":
        monkeypatch.setattr(outbox_module, "publish", late_publish)
    else:
        monkeypatch.setattr(Outbox, "_get_producer", late_start)
    async with outbox_of(product, segments) as frozen_outbox, outbox_of(product, segments) as other:
        late = asyncio.create_task(frozen_outbox.publish_pending())
        await frozen.wait()
        await segments.feed(retracted(flag_id="f"))
        assert await other.publish_pending() == 1
        resumed.set()
        if frozen_at == "publish":
            with pytest.raises(KafkaError):
                await late
        else:
            assert await late == 0, "it reads after its producer has started"
        await other.publish_pending()
    assert (await published_intervals(product))[-1] == NO_MEMBER
