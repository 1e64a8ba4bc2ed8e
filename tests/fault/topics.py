"""The records on the topics of a test, and how far their consumers are."""

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

Position = tuple[str, int, int]  # topic, partition, offset


async def read_records(kafka: str, prefix: str, topics: Sequence[Topic]) -> list[Outgoing]:
    """All records of topics, without the prefix in the names of the topics, per partition in order.

    The loop compares positions, not a number of records: a transaction ends with a marker, which is not a record.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, client_id="test-records")
    await consumer.start()
    try:
        ends = await end_offsets(kafka, [prefix + topic.name for topic in topics])
        consumer.assign([partition for partition, end in ends.items() if end])
        await consumer.seek_to_beginning()
        found: list[Outgoing] = []
        while any([await consumer.position(partition) < ends[partition] for partition in consumer.assignment()]):
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                found += [Outgoing(partition.topic.removeprefix(prefix), r.key, r.value) for r in records]
        return found
    finally:
        await consumer.stop()


@asynccontextmanager
async def unread_counter(
    kafka: str, prefix: str, service: str, group_suffix: str = ""
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """A function that counts how many of the records that exist now the groups of a service have not committed."""
    topics = [topic for topic in TOPICS if service in topic.readers]
    ends = await end_offsets(kafka, [prefix + topic.name for topic in topics])
    async with _admin(kafka) as admin, committed_reader(kafka) as reader:

        async def unread_count() -> int:
            committed: dict[Any, int] = {}
            for topic in topics:
                try:
                    committed |= await committed_offsets(admin, prefix + group_id(service, topic) + group_suffix)
                except GroupCoordinatorNotAvailableError:
                    return 1  # not known yet, so not zero
            return sum((await unread(reader, committed, ends)).values())

        yield unread_count


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, client_id="test-topics")
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def partition_assignment(kafka: str, prefix: str, service: str, topic: Topic) -> dict[str, set[int]]:
    """Partitions of the topic by member of the service's group; empty while the group rebalances."""
    async with _admin(kafka) as admin:
        (answer,) = await admin.describe_consumer_groups([prefix + group_id(service, topic)])
    ((_, _, state, _, _, members, *_),) = answer.groups
    if state != "Stable":
        return {}
    decoded = {member: ConsumerProtocolMemberAssignment.decode(encoded) for member, _, _, _, encoded in members}
    return {
        member: {number for _, numbers in assignment.assignment for number in numbers}
        for member, assignment in decoded.items()
    }


def partition_of(key: bytes) -> int:
    """The partition of the records with this key."""
    return int(murmur2(key) & 0x7FFF_FFFF) % PARTITIONS


async def consumer_groups(kafka: str, prefix: str) -> set[str]:
    """The names of all consumer groups of a test."""
    async with _admin(kafka) as admin:
        return {name for name, _ in await admin.list_consumer_groups() if name.startswith(prefix)}
