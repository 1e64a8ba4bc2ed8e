"""Topics on a real broker are created as declared and refused when they differ; keys have the usual partitions."""

import asyncio
import os
from dataclasses import replace
from functools import partial

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.partitioner import murmur2

from deploy.hva import doctor, topics
from shared.contracts.catalogue import FEEDBACK, PARTITIONS, RAW, SEGMENT, TOPICS, Stream
from shared.edge.deviations import deviations
from shared.edge.produce import partition_of
from shared.edge.topics import TopicMismatchError, TopicRefusedError, ensure_topics
from tests.replica import wait_until


@pytest.mark.parametrize(
    ("text", "expected"),
    [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("abc", 479470107)],
)
def test_murmur2_equals_the_java_client(text: str, expected: int) -> None:
    assert murmur2(text.encode()) == expected % 2**32
    assert partition_of(text.encode()) == (expected & 0x7FFFFFFF) % PARTITIONS


async def test_topics_are_created_once_and_as_declared(kafka: str) -> None:
    prefix = f"topics-{os.getpid()}."
    await ensure_topics(kafka, prefix)
    await ensure_topics(kafka, prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        described = await admin.describe_topics([prefix + topic.name for topic in TOPICS])
        assert {len(topic["partitions"]) for topic in described} == {PARTITIONS}
        settings = await settings_of(admin, prefix + SEGMENT.name)
        assert settings["cleanup.policy"] == "compact"
        await wait_until(partial(as_declared, kafka, prefix), "the broker shows the declared settings")
    finally:
        await admin.close()


async def as_declared(kafka: str, prefix: str) -> bool:
    return not await deviations(kafka, prefix)


async def settings_of(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in answer.resources[0][4]}


async def test_existing_topic_gets_declared_settings_and_keeps_others(kafka: str) -> None:
    prefix, raw = f"kept-{os.getpid()}.", RAW[Stream.CARE]
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    configs = {"segment.ms": "3600000", "message.timestamp.type": "CreateTime"}
    await admin.create_topics([NewTopic(prefix + raw.name, PARTITIONS, 1, topic_configs=configs)])
    await ensure_topics(kafka, prefix)
    await wait_until(partial(as_declared, kafka, prefix), "the broker shows the declared settings")
    settings = await settings_of(admin, prefix + raw.name)
    await admin.close()
    assert settings["message.timestamp.type"] == "LogAppendTime", "the declared setting was not applied"
    assert settings["segment.ms"] == "3600000", "the operator's setting was changed"


async def test_setting_that_the_broker_refuses_is_reported(kafka: str) -> None:
    prefix, bad = f"bad-{os.getpid()}.", replace(FEEDBACK, max_message_bytes=-1)
    with pytest.raises(TopicRefusedError, match=r"hva\.feedback\.v1 could not be created: .*max\.message\.bytes"):
        await ensure_topics(kafka, prefix, [bad])
    await ensure_topics(kafka, prefix, [FEEDBACK])
    with pytest.raises(TopicRefusedError, match=r"hva\.feedback\.v1 could not be set as declared: InvalidConfig"):
        await ensure_topics(kafka, prefix, [bad])


async def test_transaction_limit_of_the_broker_is_checked(
    kafka: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(topics.run, kafka, 5.0)
    assert "transaction" not in capsys.readouterr().err
    monkeypatch.setattr("shared.edge.deviations.TRANSACTION_LIMIT_MS", 59_999)
    await asyncio.to_thread(topics.run, kafka, 5.0)
    message = "transaction.max.timeout.ms of broker 1 is 60000, it must be 59999 or less"
    assert f"Warning: {message}" in capsys.readouterr().err
    finding = await asyncio.to_thread(doctor._kafka, kafka, "")
    assert not finding.ok and finding.text.startswith(message)


async def test_doctor_reports_missing_and_differing_topics(kafka: str) -> None:
    assert not (await asyncio.to_thread(doctor._kafka, "127.0.0.1:9", "")).ok
    prefix = f"doctor-{os.getpid()}."
    await ensure_topics(kafka, prefix, [replace(topic, retention_ms=1) for topic in TOPICS if topic is not SEGMENT])

    async def both_reported() -> bool:
        found = (await asyncio.to_thread(doctor._kafka, kafka, prefix)).text
        return (
            f"topic {prefix}{SEGMENT.name} is missing" in found
            and f"retention.ms of topic {prefix}{FEEDBACK.name} is 1, declared is {FEEDBACK.retention_ms}" in found
        )

    await wait_until(both_reported, "both topics are reported")


async def test_topic_with_other_partition_count_is_refused(kafka: str) -> None:
    prefix = f"odd-{os.getpid()}."
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(prefix + FEEDBACK.name, 3, 1)])
    await admin.close()
    with pytest.raises(TopicMismatchError, match="3 partitions"):
        await ensure_topics(kafka, prefix)
