"""One look at Kafka: brokers, replicas, ends of partitions, and how far behind each group is.

The services tell of their own lag, too, from where they read. This is the broker's side of it: what is committed,
and so it stands when a service is down.
"""

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError
from prometheus_client.core import GaugeMetricFamily, Metric

from shared.contracts.catalogue import SEGMENT, TOPICS, group_id
from shared.edge.offsets import Offsets, committed_offsets, partitions_of

_CLIENT: Final = "hva-exporter"
_MARKS: Final = {SEGMENT.name: 1}  # a transaction ends with a mark that no consumer commits


@dataclass(frozen=True, slots=True)
class KafkaSeen:
    """What one look found. `committed` is by group."""

    brokers: int
    partitions: tuple[Mapping[str, Any], ...]  # as the broker describes them, with their topic
    begins: Offsets
    ends: Offsets
    committed: Mapping[str, Offsets]


async def look(bootstrap: str) -> KafkaSeen:
    """Ask the broker for everything. Raises what the client raises when it does not answer."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, client_id=_CLIENT)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id=_CLIENT)
    try:
        await consumer.start()
        await admin.start()
        described = await admin.describe_topics([topic.name for topic in TOPICS])
        there = {topic["topic"]: topic["partitions"] for topic in described if topic["partitions"]}
        places = partitions_of(sorted(there))
        return KafkaSeen(
            brokers=len((await admin.describe_cluster())["brokers"]),
            partitions=tuple({**one, "topic": name} for name, parts in there.items() for one in parts),
            begins=dict(await consumer.beginning_offsets(places)),
            ends=dict(await consumer.end_offsets(places)),
            committed={group: done async for group, done in _committed(admin, _groups(there))},
        )
    finally:
        await admin.close()
        await consumer.stop()


def families(seen: KafkaSeen | None) -> Iterator[Metric]:
    """The metrics of a look; None: Kafka did not answer, and nothing but that is known."""
    up = GaugeMetricFamily("hva_kafka_up", "1 when Kafka answered the last look.")
    up.add_metric([], int(seen is not None))
    yield up
    if seen is None:
        return
    brokers = GaugeMetricFamily("hva_kafka_brokers", "Brokers of the cluster.")
    brokers.add_metric([], seen.brokers)
    yield brokers
    yield _partitions(seen, "hva_kafka_under_replicated_partitions", "Partitions that lack a replica.", _lacks_replica)
    yield _partitions(seen, "hva_kafka_offline_partitions", "Partitions that nobody leads.", _leaderless)
    ends = GaugeMetricFamily(
        "hva_kafka_end_offset", "The offset that the next record will get.", labels=["topic", "partition"]
    )
    for place, end in seen.ends.items():
        ends.add_metric([place.topic, str(place.partition)], end)
    yield ends
    lag = GaugeMetricFamily(
        "hva_kafka_group_lag_records", "Records that a group has not committed.", labels=["group", "topic", "partition"]
    )
    for topic in TOPICS:
        for service in topic.readers:
            group = group_id(service, topic)
            for place in (place for place in seen.ends if place.topic == topic.name and group in seen.committed):
                lag.add_metric([group, place.topic, str(place.partition)], behind(seen, group, place))
    yield lag


def behind(seen: KafkaSeen, group: str, place: TopicPartition) -> int:
    """Records of a partition that a group has not committed; a group that never did will begin at the beginning."""
    begin, end = seen.begins.get(place, 0), seen.ends[place]
    done = seen.committed[group].get(place)
    if done is None:
        return end - begin
    return max(0, end - max(begin, done) - _MARKS.get(place.topic, 0))


async def _committed(admin: AIOKafkaAdminClient, groups: Iterable[str]) -> AsyncIterator[tuple[str, Offsets]]:
    """What each group has committed. One whose coordinator is just being found is not known, this time."""
    for group in groups:
        with contextlib.suppress(GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
            yield group, await committed_offsets(admin, group)


def _groups(there: Mapping[str, Any]) -> list[str]:
    return [group_id(service, topic) for topic in TOPICS if topic.name in there for service in topic.readers]


def _partitions(seen: KafkaSeen, name: str, text: str, wrong: Any) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["topic"])
    for topic in sorted({str(one["topic"]) for one in seen.partitions}):
        family.add_metric([topic], sum(wrong(one) for one in seen.partitions if one["topic"] == topic))
    return family


def _lacks_replica(partition: Mapping[str, Any]) -> bool:
    return len(partition["isr"]) < len(partition["replicas"])


def _leaderless(partition: Mapping[str, Any]) -> bool:
    return int(partition["leader"]) < 0
