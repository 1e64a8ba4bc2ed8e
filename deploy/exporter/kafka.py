"""A snapshot of Kafka: brokers, replicas, end offsets, and the lag of each group.

The services report their own lag from their read positions. This module reports the lag from committed offsets, which
are known while a service is down, too. Transaction markers and aborted records do not count.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError
from prometheus_client.core import GaugeMetricFamily, Metric

from shared.contracts.catalogue import TOPICS, group_id
from shared.edge.offsets import Offsets, committed_offsets, committed_reader, end_offsets, unread

_CLIENT: Final = "hva-exporter"
_READ_TIMEOUT_S: Final = 0.5  # for each of the 11 groups, so that a snapshot takes at most 10 seconds


@dataclass(frozen=True, slots=True)
class KafkaSnapshot:
    """`unread` maps each group to its partitions with uncommitted records and their number."""

    brokers: int
    partitions: tuple[Mapping[str, Any], ...]  # as described by the broker, with their topic
    ends: Offsets
    unread: Mapping[str, Offsets]


async def take_snapshot(bootstrap: str, prefix: str = "") -> KafkaSnapshot:
    """Read everything from the broker, of topics and groups with this prefix; the snapshot has their names without it.

    Raises the errors of the client when the broker does not answer.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id=_CLIENT)
    try:
        await admin.start()
        described = await admin.describe_topics([prefix + topic.name for topic in TOPICS])
        partitions = {topic["topic"]: topic["partitions"] for topic in described if topic["partitions"]}
        ends = await end_offsets(bootstrap, sorted(partitions))
        async with committed_reader(bootstrap) as reader:
            return KafkaSnapshot(
                brokers=len((await admin.describe_cluster())["brokers"]),
                partitions=tuple(
                    {**partition, "topic": name.removeprefix(prefix)}
                    for name, parts in partitions.items()
                    for partition in parts
                ),
                ends=_without(prefix, ends),
                unread={group: left async for group, left in _unread(admin, reader, ends, prefix)},
            )
    finally:
        await admin.close()


def metric_families(snapshot: KafkaSnapshot | None) -> Iterator[Metric]:
    """The metrics of a snapshot; None means that Kafka did not answer."""
    up = GaugeMetricFamily("hva_kafka_up", "1 when Kafka answered the last check.")
    up.add_metric([], int(snapshot is not None))
    yield up
    if snapshot is None:
        return
    brokers = GaugeMetricFamily("hva_kafka_brokers", "Brokers of the cluster.")
    brokers.add_metric([], snapshot.brokers)
    yield brokers
    yield _partitions(
        snapshot, "hva_kafka_under_replicated_partitions", "Partitions that lack a replica.", _lacks_replica
    )
    yield _partitions(snapshot, "hva_kafka_offline_partitions", "Partitions without a leader.", _leaderless)
    ends = GaugeMetricFamily("hva_kafka_end_offset", "The offset of the next record.", labels=["topic", "partition"])
    for partition, end in snapshot.ends.items():
        ends.add_metric([partition.topic, str(partition.partition)], end)
    yield ends
    lag = GaugeMetricFamily(
        "hva_kafka_group_lag_records", "Records that a group has not committed.", labels=["group", "topic", "partition"]
    )
    for topic, group in _groups():
        for partition in (
            partition for partition in snapshot.ends if partition.topic == topic and group in snapshot.unread
        ):
            lag.add_metric([group, topic, str(partition.partition)], snapshot.unread[group].get(partition, 0))
    yield lag


async def _unread(
    admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, ends: Offsets, prefix: str
) -> AsyncIterator[tuple[str, Offsets]]:
    """The uncommitted records of each group. Skips a group whose coordinator is not available yet."""
    for topic, group in _groups():
        target = {partition: end for partition, end in ends.items() if partition.topic == prefix + topic}
        with contextlib.suppress(GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            done = await committed_offsets(admin, prefix + group)
            yield group, _without(prefix, await unread(reader, done, target, _READ_TIMEOUT_S))


def _without(prefix: str, offsets: Offsets) -> Offsets:
    return {TopicPartition(topic.removeprefix(prefix), number): offset for (topic, number), offset in offsets.items()}


def _groups() -> Iterator[tuple[str, str]]:
    """Pairs of topic and consumer group."""
    return ((topic.name, group_id(service, topic)) for topic in TOPICS for service in topic.readers)


def _partitions(snapshot: KafkaSnapshot, name: str, text: str, wrong: Any) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["topic"])
    for topic in sorted({str(partition["topic"]) for partition in snapshot.partitions}):
        family.add_metric(
            [topic], sum(wrong(partition) for partition in snapshot.partitions if partition["topic"] == topic)
        )
    return family


def _lacks_replica(partition: Mapping[str, Any]) -> bool:
    return len(partition["isr"]) < len(partition["replicas"])


def _leaderless(partition: Mapping[str, Any]) -> bool:
    return int(partition["leader"]) < 0
