"""One look at Kafka: brokers, replicas, ends of partitions, and how far behind each group is.

The services report their own lag, too, from where they read. This is the broker's side of it: what is committed,
and so it stands when a service is down. Transaction markers and aborted records are no lag.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError
from prometheus_client.core import GaugeMetricFamily, Metric

from shared.contracts.catalogue import TOPICS, group_id
from shared.edge.offsets import Offsets, committed_offsets, committed_reader, end_offsets, unread

_CLIENT: Final = "hva-exporter"
_READ_S: Final = 0.5  # of each of the 11 groups: a look ends within 10 seconds


@dataclass(frozen=True, slots=True)
class KafkaSnapshot:
    """What one look found. `unread`: by group, the partitions with records that it has not committed."""

    brokers: int
    partitions: tuple[Mapping[str, Any], ...]  # as the broker describes them, with their topic
    ends: Offsets
    unread: Mapping[str, Offsets]


async def look(bootstrap: str) -> KafkaSnapshot:
    """Ask the broker for everything. Raises what the client raises when it does not answer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id=_CLIENT)
    try:
        await admin.start()
        described = await admin.describe_topics([topic.name for topic in TOPICS])
        there = {topic["topic"]: topic["partitions"] for topic in described if topic["partitions"]}
        ends = await end_offsets(bootstrap, sorted(there))
        async with committed_reader(bootstrap) as reader:
            return KafkaSnapshot(
                brokers=len((await admin.describe_cluster())["brokers"]),
                partitions=tuple({**one, "topic": name} for name, parts in there.items() for one in parts),
                ends=ends,
                unread={group: left async for group, left in _unread(admin, reader, ends)},
            )
    finally:
        await admin.close()


def metric_families(snapshot: KafkaSnapshot | None) -> Iterator[Metric]:
    """The metrics of a look; None: Kafka did not answer, and nothing but that is known."""
    up = GaugeMetricFamily("hva_kafka_up", "1 when Kafka answered the last look.")
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
    yield _partitions(snapshot, "hva_kafka_offline_partitions", "Partitions that nobody leads.", _leaderless)
    ends = GaugeMetricFamily(
        "hva_kafka_end_offset", "The offset that the next record will get.", labels=["topic", "partition"]
    )
    for place, end in snapshot.ends.items():
        ends.add_metric([place.topic, str(place.partition)], end)
    yield ends
    lag = GaugeMetricFamily(
        "hva_kafka_group_lag_records", "Records that a group has not committed.", labels=["group", "topic", "partition"]
    )
    for topic, group in _groups():
        for place in (place for place in snapshot.ends if place.topic == topic and group in snapshot.unread):
            lag.add_metric([group, topic, str(place.partition)], snapshot.unread[group].get(place, 0))
    yield lag


async def _unread(
    admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer, ends: Offsets
) -> AsyncIterator[tuple[str, Offsets]]:
    """What each group has left to read. One whose coordinator is just being found is not known, this time."""
    for topic, group in _groups():
        target = {place: end for place, end in ends.items() if place.topic == topic}
        with contextlib.suppress(GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            yield group, await unread(reader, await committed_offsets(admin, group), target, _READ_S)


def _groups() -> Iterator[tuple[str, str]]:
    """Every topic with each of its consumer groups."""
    return ((topic.name, group_id(service, topic)) for topic in TOPICS for service in topic.readers)


def _partitions(snapshot: KafkaSnapshot, name: str, text: str, wrong: Any) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["topic"])
    for topic in sorted({str(one["topic"]) for one in snapshot.partitions}):
        family.add_metric([topic], sum(wrong(one) for one in snapshot.partitions if one["topic"] == topic))
    return family


def _lacks_replica(partition: Mapping[str, Any]) -> bool:
    return len(partition["isr"]) < len(partition["replicas"])


def _leaderless(partition: Mapping[str, Any]) -> bool:
    return int(partition["leader"]) < 0
