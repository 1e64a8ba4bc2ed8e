"""Where the log ends and how far a group has come: what `hva wait`, lag and doctor look at."""

from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.catalogue import PARTITIONS

Offsets = Mapping[TopicPartition, int]


def partitions_of(topics: Iterable[str]) -> list[TopicPartition]:
    """Every partition of the topics, all of which have the declared number."""
    return [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]


async def end_offsets(bootstrap: str, topics: Iterable[str]) -> Offsets:
    """The offset that the next record of each partition will get."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, client_id="hva-offsets")
    await consumer.start()
    try:
        return dict(await consumer.end_offsets(partitions_of(topics)))
    finally:
        await consumer.stop()


async def committed_offsets(admin: AIOKafkaAdminClient, group: str) -> Offsets:
    """The offset up to which a group has committed each partition; what it never committed is missing."""
    found = await admin.list_consumer_group_offsets(group)
    return {partition: meta.offset for partition, meta in found.items() if meta.offset >= 0}


def behind(target: Offsets, done: Offsets) -> int:
    """How many records of the target are not done yet."""
    return sum(max(0, end - done.get(partition, 0)) for partition, end in target.items())
