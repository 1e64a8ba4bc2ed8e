"""The servers that the tests share really serve."""

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient


async def test_kafka_answers(kafka):
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        assert isinstance(await admin.list_topics(), list)
    finally:
        await admin.close()


async def test_postgres_is_the_agreed_one(postgres):
    connection = await asyncpg.connect(postgres)
    try:
        assert (await connection.fetchval("SHOW server_version_num")).startswith("18")
        row = await connection.fetchrow(
            "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) AS encoding, current_setting('TimeZone') AS tz"
            " FROM pg_database WHERE datname = 'postgres'"
        )
        assert (row["datlocprovider"], row["datlocale"], row["encoding"], row["tz"]) == (
            b"b",
            "C.UTF-8",
            "UTF8",
            "UTC",
        )
    finally:
        await connection.close()


async def test_postgres_comes_back_where_it_was(postgres, postgres_server):
    postgres_server.restart(mode="immediate")
    connection = await asyncpg.connect(postgres)
    await connection.close()
