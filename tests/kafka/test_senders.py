"""What a sender's transactions and a sender's clock may do to the product: nothing that figures or lag show."""

import time
from functools import partial

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.catalogue import CARE, CONTACT, FEEDBACK, PERSON, RAW, TOPICS, Stream, Topic
from shared.edge.topics import ensure_topics
from tests.fault import topics
from tests.fault.events import answered
from tests.product import Product
from tests.replica import Replica, until

MONTH_MS = 30 * 24 * 3600 * 1000


async def sent(product: Product, topic: Topic, *values: bytes, at_ms: int) -> None:
    """Write records with the sender's own timestamp in milliseconds."""
    producer = AIOKafkaProducer(bootstrap_servers=product.kafka)
    await producer.start()
    for value in values:
        await producer.send_and_wait(product.topic_prefix + topic.name, value, timestamp_ms=at_ms, partition=0)
    await producer.stop()


async def samples(replica: Replica, name: str) -> list[float]:
    """The values of a metric, of every label."""
    _, text = await replica.probe("/metrics")
    lines = [line for line in str(text).splitlines() if line.partition("{")[0].partition(" ")[0] == name]
    return [float(line.rpartition(" ")[2]) for line in lines]


async def test_only_committed_records_count_and_nothing_is_waited_for(product: Product) -> None:
    replicas = await product.start_all()
    raw = product.topic_prefix + RAW[Stream.FEEDBACK].name
    sender = AIOKafkaProducer(bootstrap_servers=product.kafka, transactional_id=product.topic_prefix)
    await sender.start()
    for value, kept in ((10, True), (0, False)):
        await sender.begin_transaction()
        line = answered(f"r-{value}", answers=[{"question": "recommend", "value": value}])
        await sender.send_and_wait(raw, line, partition=0)
        await (sender.commit_transaction() if kept else sender.abort_transaction())
    for topic in (FEEDBACK, CONTACT, CARE, PERSON):  # as another service's producer might write there
        await sender.begin_transaction()
        await sender.send_and_wait(product.topic_prefix + topic.name, b"{}", partition=1)
        await sender.abort_transaction()
    await sender.stop()

    await product.wait()
    assert await score_of_the_year(product) == [(1, 100.0)]
    for replica in replicas:
        await until(partial(no_lag, replica), f"{replica.service} reports no lag")


async def score_of_the_year(product: Product) -> list[tuple[int, float]]:
    """n and score of the county's years."""
    rows = await product.fetch(
        "select n, score from figures.nps where period_kind = 'year' and scope_level = 'county' "
        "and channel = 'all' and segment = 'all'"
    )
    return [(row["n"], row["score"]) for row in rows]


async def no_lag(replica: Replica) -> bool:
    lags = await samples(replica, "hva_consumer_lag_records")
    return bool(lags) and not any(lags)


async def test_a_senders_clock_decides_nothing(product: Product) -> None:
    """Stamps of a month ago, past retention at once, in seconds, and ahead: all count, and the broker takes them."""
    now_ms, raw = round(time.time() * 1000), RAW[Stream.FEEDBACK]
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2 * 3600))
    await sent(product, raw, answered("old"), at_ms=now_ms - MONTH_MS)
    await sent(product, raw, answered("seconds"), at_ms=now_ms // 1000)
    await sent(product, raw, answered("ahead"), answered("future", answered_at=ahead), at_ms=now_ms + 2 * 3600_000)
    await sent(product, FEEDBACK, b"{}", at_ms=now_ms // 1000)
    ingest = await product.start("ingest")
    nps = await product.start("nps")
    await is_current(product, "ingest", "nps")
    assert await score_of_the_year(product) == [(3, 100.0)]
    dead_letters = await product.fetch("select reason from ingest.dead_letter")
    assert [dead_letter["reason"] for dead_letter in dead_letters] == ["future_time"]
    for replica in (ingest, nps):
        assert sum(await samples(replica, "hva_freshness_seconds_sum")) < 600


async def is_current(product: Product, *services: str) -> None:
    for service in services:
        async with topics.left(product.kafka, product.topic_prefix, service) as left:

            async def done() -> bool:
                return await left() == 0

            await until(done, f"{service} has read everything")


async def test_a_letter_of_a_topic_made_anew_is_another_one(product: Product) -> None:
    """The same place and the same sender's timestamp; the broker's own tells them apart."""
    raw = RAW[Stream.FEEDBACK]
    await product.start("ingest")
    await sent(product, raw, b"not JSON", at_ms=1_700_000_000_000)
    await until(partial(letters_of, product, 1), "the first letter")
    admin = AIOKafkaAdminClient(bootstrap_servers=product.kafka)
    await admin.start()
    await admin.delete_topics([product.topic_prefix + raw.name])

    async def gone() -> bool:
        return product.topic_prefix + raw.name not in await admin.list_topics()

    await until(gone, "the broker has let the topic go")
    await admin.close()
    await ensure_topics(product.kafka, product.topic_prefix, TOPICS)
    await sent(product, raw, b"not JSON", at_ms=1_700_000_000_000)
    await until(partial(letters_of, product, 2), "the second letter", 200)  # the service may look for the topic in 10 s
    places = await product.fetch('select topic, "partition", "offset" from ingest.dead_letter')
    assert places[0] == places[1], "both stood in the same place"


async def letters_of(product: Product, wanted: int) -> bool:
    return len(await product.fetch("select 1 from ingest.dead_letter")) == wanted
