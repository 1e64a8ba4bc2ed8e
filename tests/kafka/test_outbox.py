"""Histories on the segment stream: none is lost, and none comes behind a newer one, whoever is late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.segments import outbox as room
from services.segments.outbox import Outbox
from shared.contracts.catalogue import SEGMENT
from shared.edge.produce import make_producer, partition_of, publish
from tests.product import Product
from tests.store import segments_stage
from tests.store.fcr_stage import ANNA, TODAY
from tests.store.segments_stage import Store, flag, retracted


@pytest.fixture
async def segments(product: Product) -> AsyncIterator[Store]:
    async with segments_stage.opened(product.database) as store:
        yield store


@asynccontextmanager
async def relay(product: Product, segments: Store) -> AsyncIterator[Outbox]:
    topic = product.topic_prefix + SEGMENT.name
    outbox = Outbox(segments.pool, topic, lambda: make_producer(product.kafka, "test-outbox", transactional=topic))
    try:
        yield outbox
    finally:
        await outbox.close()


async def told(product: Product) -> list[str]:
    """The intervals on the stream, in the order in which they came; also those of a transaction that was given up."""
    topic = product.topic_prefix + SEGMENT.name
    consumer = AIOKafkaConsumer(bootstrap_servers=product.kafka)
    await consumer.start()
    try:
        place = TopicPartition(topic, partition_of(ANNA.encode()))
        consumer.assign([place])
        await consumer.seek_to_beginning()
        end, found = (await consumer.end_offsets([place]))[place], list[str]()
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(timeout_ms=200)).get(place, []):
                found.append(orjson.dumps(orjson.loads(record.value)["intervals"]).decode())
        return found
    finally:
        await consumer.stop()


MEMBER, NOBODY = f'[["{TODAY}",null]]', "[]"


async def test_what_changed_is_told_once(product: Product, segments: Store) -> None:
    await segments.feed(flag("f"))
    async with relay(product, segments) as outbox:
        assert [await outbox.publish_pending(), await outbox.publish_pending()] == [1, 0]
        await segments.feed(retracted(flag_id="f"))
        assert await outbox.publish_pending() == 1
    assert await told(product) == [MEMBER, NOBODY]


async def test_what_was_not_acknowledged_waits(
    product: Product, segments: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await segments.feed(flag("f"))

    async def fails(*_: object) -> None:
        raise ConnectionResetError

    async with relay(product, segments) as outbox:
        with monkeypatch.context() as patch:
            patch.setattr(room, "publish", fails)
            with pytest.raises(ConnectionResetError):
                await outbox.publish_pending()
        assert await told(product) == []
        assert await outbox.publish_pending() == 1
    assert await told(product) == [MEMBER]


@pytest.mark.parametrize("anew", [False, True])
async def test_every_history_again(
    product: Product, segments: Store, monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    """As it was, or with a new version, which readers take for news."""
    monkeypatch.setattr(room, "_CHUNK", 2)
    clients = [ANNA, *(f"k1.{dead_letter * 22}" for dead_letter in "BCDE")]
    await segments.feed(*(flag(client, client=client) for client in clients))
    versions = "select client, version from segments.history order by client"
    async with relay(product, segments) as outbox:
        assert await outbox.publish_pending() == len(clients)
        before = dict(await segments.all(versions))
        await outbox.enqueue_all(anew)
        assert await outbox.publish_pending() == len(clients)
        after = dict(await segments.all(versions))
    assert await told(product) == [MEMBER, MEMBER]
    assert before == after if not anew else all(before[client] < after[client] for client in clients)


@pytest.mark.parametrize("frozen_at", ["start", "publish"])
async def test_who_is_late_cannot_put_an_older_history_behind_a_newer_one(
    product: Product, segments: Store, monkeypatch: pytest.MonkeyPatch, frozen_at: str
) -> None:
    """One relay freezes with an old history in its hands and loses its transaction; another tells the newer one."""
    await segments.feed(flag("f"))
    frozen, thawed = asyncio.Event(), asyncio.Event()
    began = Outbox._get_producer

    async def freeze() -> None:
        if not frozen.is_set():
            frozen.set()
            await thawed.wait()

    async def late_publish(*arguments: object) -> None:
        await freeze()
        await publish(*arguments)  # type: ignore[arg-type]

    async def late_start(self: Outbox) -> object:
        await freeze()
        return await began(self)

    if frozen_at == "publish":
        monkeypatch.setattr(room, "publish", late_publish)
    else:
        monkeypatch.setattr(Outbox, "_get_producer", late_start)
    async with relay(product, segments) as one, relay(product, segments) as other:
        late = asyncio.create_task(one.publish_pending())
        await frozen.wait()
        await segments.all("select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'")
        await segments.feed(retracted(flag_id="f"))
        assert await other.publish_pending() == 1
        thawed.set()
        with pytest.raises((KafkaError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await late
        await other.publish_pending()
    assert (await told(product))[-1] == NOBODY
