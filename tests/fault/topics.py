"""What stands on the topics of a run, and how far who reads them has come."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.partitioner import murmur2

from shared.contracts.catalogue import PARTITIONS, TOPICS, Topic, group_id
from shared.edge.offsets import committed_offsets, committed_reader, end_offsets, unread
from shared.edge.produce import Outgoing

Place = tuple[str, int, int]  # topic, partition, offset


async def records(kafka: str, prefix: str, topics: Sequence[Topic]) -> list[Outgoing]:
    """Everything that stands on topics, without the prefix in their names, per partition in order.

    Positions tell the end, since a transaction ends with a mark that is no record.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, client_id="test-records")
    await consumer.start()
    try:
        ends = await end_offsets(kafka, [prefix + topic.name for topic in topics])
        consumer.assign([place for place, end in ends.items() if end])
        await consumer.seek_to_beginning()
        found: list[Outgoing] = []
        while any([await consumer.position(place) < ends[place] for place in consumer.assignment()]):
            for place, some in (await consumer.getmany(timeout_ms=200)).items():
                found += [Outgoing(place.topic.removeprefix(prefix), r.key, r.value) for r in some]
        return found
    finally:
        await consumer.stop()


@asynccontextmanager
async def left(kafka: str, prefix: str, service: str, owner: str = "") -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Asks how many of the records that stand there now a service (or one owner of it) has not committed."""
    topics = [topic for topic in TOPICS if service in topic.readers]
    ends = await end_offsets(kafka, [prefix + topic.name for topic in topics])
    async with _admin(kafka) as admin, committed_reader(kafka) as reader:

        async def ask() -> int:
            done: dict[Any, int] = {}
            for topic in topics:
                try:
                    done |= await committed_offsets(admin, prefix + group_id(service, topic) + owner)
                except GroupCoordinatorNotAvailableError:
                    return 1  # not known yet, so not done
            return sum((await unread(reader, done, ends)).values())

        yield ask


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, client_id="test-topics")
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def division(kafka: str, prefix: str, service: str, topic: Topic) -> dict[str, set[int]]:
    """Member of the service's group -> its partitions of the topic; nobody while they are being divided."""
    async with _admin(kafka) as admin:
        (answer,) = await admin.describe_consumer_groups([prefix + group_id(service, topic)])
    ((_, _, state, _, _, members, *_),) = answer.groups
    if state != "Stable":
        return {}
    found = ((member, ConsumerProtocolMemberAssignment.decode(its)) for member, _, _, _, its in members)
    return {member: {number for _, some in its.assignment for number in some} for member, its in found}


def partition_of(key: bytes) -> int:
    """Where the records of a key are."""
    return int(murmur2(key) & 0x7FFF_FFFF) % PARTITIONS


async def groups(kafka: str, prefix: str) -> set[str]:
    """Every consumer group of a run."""
    async with _admin(kafka) as admin:
        return {name for name, _ in await admin.list_consumer_groups() if name.startswith(prefix)}
