"""The shared test servers have the required settings and keep their addresses after a restart."""

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

_TOPIC = "embedded-large-records"


async def test_kafka_carries_records_of_four_mebibytes(kafka: str) -> None:
    record = b"x" * (4 * 1024 * 1024)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(_TOPIC, num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=5 * 1024 * 1024, acks="all") as producer:
        for _ in range(5):
            await producer.send_and_wait(_TOPIC, record)
    async with AIOKafkaConsumer(
        _TOPIC, bootstrap_servers=kafka, auto_offset_reset="earliest", max_partition_fetch_bytes=5 * 1024 * 1024
    ) as consumer:
        for _ in range(5):
            assert (await consumer.getone()).value == record


async def test_kafka_does_not_create_topics_automatically(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    found = await admin.describe_topics(["never-made"])
    await admin.close()
    assert found[0]["error_code"] == UnknownTopicOrPartitionError.errno


async def test_postgres_has_the_required_version_and_settings(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    row = await connection.fetchrow(
        "select datlocprovider, datlocale, pg_encoding_to_char(encoding) as encoding,"
        " current_setting('TimeZone') as time_zone, current_setting('server_version_num')::int / 10000 as version"
        " from pg_database where datname = 'postgres'"
    )
    await connection.close()
    assert row is not None
    assert tuple(row) == (b"b", "C.UTF-8", "UTF8", "UTC", 18)


async def test_postgres_keeps_its_address_after_a_restart(postgres: str, postgres_server) -> None:
    postgres_server.restart(mode="immediate")
    connection = await asyncpg.connect(postgres)
    await connection.close()


async def test_kafka_keeps_its_address_after_a_restart(kafka: str, kafka_server) -> None:
    kafka_server.restart(mode="kill")
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        assert producer.client.cluster.brokers()
