"""Topics on a real broker: made as declared, refused when different; keys go where every Kafka client sends them."""

import os

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.partitioner import murmur2

from shared.contracts.catalogue import FEEDBACK, PARTITIONS, SEGMENT, TOPICS
from shared.edge.produce import partition_of
from shared.edge.topics import TopicMismatchError, ensure_topics


@pytest.mark.parametrize(
    ("text", "expected"),
    [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("abc", 479470107)],
)
def test_murmur2_is_that_of_the_java_client(text: str, expected: int) -> None:
    assert murmur2(text.encode()) == expected % 2**32
    assert partition_of(text.encode()) == (expected & 0x7FFFFFFF) % PARTITIONS


async def test_topics_are_made_once_and_as_declared(kafka: str) -> None:
    prefix = f"topics-{os.getpid()}."
    await ensure_topics(kafka, prefix)
    await ensure_topics(kafka, prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        described = await admin.describe_topics([prefix + topic.name for topic in TOPICS])
        assert {len(topic["partitions"]) for topic in described} == {PARTITIONS}
        resource = ConfigResource(ConfigResourceType.TOPIC, prefix + SEGMENT.name)
        (answer,) = await admin.describe_configs([resource])
        settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        assert settings["cleanup.policy"] == "compact"
    finally:
        await admin.close()


async def test_a_topic_of_other_making_is_refused(kafka: str) -> None:
    prefix = f"odd-{os.getpid()}."
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(prefix + FEEDBACK.name, 3, 1)])
    await admin.close()
    with pytest.raises(TopicMismatchError, match="3 partitions"):
        await ensure_topics(kafka, prefix)
