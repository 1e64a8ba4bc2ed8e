"""Transactions and timestamps of senders have no effect on figures or lag."""

import time
from functools import partial

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.catalogue import CARE, CONTACT, FEEDBACK, PERSON, RAW, TOPICS, Stream, Topic
from shared.edge.topics import ensure_topics
from tests.fault import topics
from tests.fault.events import feedback_answered
from tests.product import Product
from tests.replica import Replica, wait_until

MONTH_MS = 30 * 24 * 3600 * 1000


async def send(product: Product, topic: Topic, *values: bytes, at_ms: int) -> None:
    """Send records with the sender's own timestamp in milliseconds."""
    producer = AIOKafkaProducer(bootstrap_servers=product.kafka)
    await producer.start()
    for value in values:
        await producer.send_and_wait(product.topic_prefix + topic.name, value, timestamp_ms=at_ms, partition=0)
    await producer.stop()


async def samples(replica: Replica, name: str) -> list[float]:
    """The samples of a metric."""
    _, text = await replica.probe("/metrics")
    lines = [line for line in str(text).splitlines() if line.partition("{")[0].partition(" ")[0] == name]
    return [float(line.rpartition(" ")[2]) for line in lines]


async def test_aborted_records_neither_count_nor_add_lag(product: Product) -> None:
    replicas = await product.start_all()
    raw = product.topic_prefix + RAW[Stream.FEEDBACK].name
    sender = AIOKafkaProducer(bootstrap_servers=product.kafka, transactional_id=product.topic_prefix)
    await sender.start()
    for value, commit in ((10, True), (0, False)):
        await sender.begin_transaction()
        line = feedback_answered(f"r-{value}", answers=[{"question": "recommend", "value": value}])
        await sender.send_and_wait(raw, line, partition=0)
        await (sender.commit_transaction() if commit else sender.abort_transaction())
    for topic in (FEEDBACK, CONTACT, CARE, PERSON):  # as if another service's producer wrote there
        await sender.begin_transaction()
        await sender.send_and_wait(product.topic_prefix + topic.name, b"{}", partition=1)
        await sender.abort_transaction()
    await sender.stop()

    await product.wait()
    assert await yearly_scores(product) == [(1, 100.0)]
    for replica in replicas:
        await wait_until(partial(no_lag, replica), f"{replica.service} reports no lag")


async def yearly_scores(product: Product) -> list[tuple[int, float]]:
    """n and score of each year of the county."""
    rows = await product.fetch(
        "select n, score from figures.nps where period_kind = 'year' and scope_level = 'county' "
        "and channel = 'all' and segment = 'all'"
    )
    return [(row["n"], row["score"]) for row in rows]


async def no_lag(replica: Replica) -> bool:
    lags = await samples(replica, "hva_consumer_lag_records")
    return bool(lags) and not any(lags)


async def test_senders_clock_has_no_effect(product: Product) -> None:
    """The broker accepts timestamps that are past retention, in seconds, or in the future, and all records count."""
    now_ms, raw = round(time.time() * 1000), RAW[Stream.FEEDBACK]
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2 * 3600))
    await send(product, raw, feedback_answered("old"), at_ms=now_ms - MONTH_MS)
    await send(product, raw, feedback_answered("seconds"), at_ms=now_ms // 1000)
    future = feedback_answered("future", answered_at=ahead)
    await send(product, raw, feedback_answered("ahead"), future, at_ms=now_ms + 2 * 3600_000)
    await send(product, FEEDBACK, b"{}", at_ms=now_ms // 1000)
    ingest = await product.start("ingest")
    nps = await product.start("nps")
    await wait_until_read(product, "ingest", "nps")
    assert await yearly_scores(product) == [(3, 100.0)]
    dead_letters = await product.fetch("select reason from ingest.dead_letter")
    assert [dead_letter["reason"] for dead_letter in dead_letters] == ["future_time"]
    for replica in (ingest, nps):
        assert sum(await samples(replica, "hva_freshness_seconds_sum")) < 600


async def wait_until_read(product: Product, *services: str) -> None:
    for service in services:
        async with topics.unread_counter(product.kafka, product.topic_prefix, service) as unread_count:

            async def all_read() -> bool:
                return await unread_count() == 0

            await wait_until(all_read, f"{service} has read everything")


async def test_dead_letter_of_a_recreated_topic_is_a_new_one(product: Product) -> None:
    """Position and sender's timestamp are equal; the broker's timestamp distinguishes the records."""
    raw = RAW[Stream.FEEDBACK]
    await product.start("ingest")
    await send(product, raw, b"not JSON", at_ms=1_700_000_000_000)
    await wait_until(partial(dead_letter_count_is, product, 1), "the first dead letter")
    admin = AIOKafkaAdminClient(bootstrap_servers=product.kafka)
    await admin.start()
    await admin.delete_topics([product.topic_prefix + raw.name])

    async def deleted() -> bool:
        return product.topic_prefix + raw.name not in await admin.list_topics()

    await wait_until(deleted, "the topic is deleted")
    await admin.close()
    await ensure_topics(product.kafka, product.topic_prefix, TOPICS)
    await send(product, raw, b"not JSON", at_ms=1_700_000_000_000)
    # The service may take 10 s to find the topic again.
    await wait_until(partial(dead_letter_count_is, product, 2), "the second dead letter", 200)
    positions = await product.fetch('select topic, "partition", "offset" from ingest.dead_letter')
    assert positions[0] == positions[1], "the positions differ"


async def dead_letter_count_is(product: Product, count: int) -> bool:
    return len(await product.fetch("select 1 from ingest.dead_letter")) == count
