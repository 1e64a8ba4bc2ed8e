"""The exporter beside a real Kafka and PostgreSQL, and `hva migrate` and `hva topics` that prepare them."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from deploy.exporter import kafka as exporter_kafka
from deploy.exporter import postgres as exporter_postgres
from deploy.hva import migrate, topics
from deploy.hva.context import VerbError
from shared.contracts.catalogue import RAW, TOPICS, Stream, group_id
from shared.edge.produce import Outgoing, make_producer, publish
from shared.postgres.bootstrap import ROLES, dsn_for
from tests.product import Database, until

NOWHERE = "127.0.0.1:9"


def passwords(folder: Path, word: str) -> dict[str, str]:
    for role in ROLES:
        (folder / role).touch(mode=0o600)
        (folder / role).write_text(f"{word}\n")
    return {"HVA_ROLE_PASSWORDS_DIR": str(folder)}


async def grown(kafka: str, group: str, before: exporter_kafka.KafkaSnapshot) -> list[int]:
    """By how much the lag of a group's partitions has grown, where it has."""
    left = (await exporter_kafka.take_snapshot(kafka)).unread[group]
    more = (records - before.unread[group].get(place, 0) for place, records in left.items())
    return [records for records in more if records]


async def test_lag_of_a_group_that_has_not_come_is_all_there_is(kafka: str) -> None:
    await asyncio.to_thread(topics.run, kafka, 5.0)
    topic = RAW[Stream.CARE]
    group = group_id("ingest", topic)

    async def known() -> bool:  # a broker that has had no group yet finds a coordinator first
        return group in (await exporter_kafka.take_snapshot(kafka)).unread

    await until(known, "the group has a coordinator")
    before = await exporter_kafka.take_snapshot(kafka)
    producer = make_producer(kafka, "test")
    await producer.start()
    await publish(producer, [Outgoing(topic.name, b"key", b"{}")] * 3)
    await producer.stop()
    sender = make_producer(kafka, "test", transactional="exporter")
    await sender.start()
    await sender.begin_transaction()
    await publish(sender, [Outgoing(topic.name, b"other key", b"{}")] * 2)  # given up, so nobody has it to read
    await sender.abort_transaction()
    await sender.stop()

    async def is_current() -> bool:  # the broker writes the marker of the aborted transaction after its answer
        return await grown(kafka, group, before) == [3]

    await until(is_current, "three records are left, in one partition")
    seen = await exporter_kafka.take_snapshot(kafka)
    assert seen.brokers == 1 and {one["topic"] for one in seen.partitions} == {topic.name for topic in TOPICS}
    assert all(len(one["isr"]) == 1 == len(one["replicas"]) and one["leader"] >= 0 for one in seen.partitions)


async def test_the_monitor_sees_the_database_and_no_figure(database: Database) -> None:
    dsn = database.dsn("hva_monitor")
    held = await asyncpg.connect(database.dsn("hva_nps"))
    try:
        async with held.transaction():
            await held.execute("select 1")
            seen = await exporter_postgres.take_snapshot(dsn)
    finally:
        await held.close()
    assert [row["connections"] for row in seen.connections if row["role"] == "hva_nps"] == [1]
    assert max(row["oldest"] for row in seen.connections) > 0
    assert seen.database["bytes"] > 1_000_000 and seen.database["committed"] > 0
    assert seen.database["max_connections"] == 100
    monitor = await asyncpg.connect(dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await monitor.fetch("select * from figures.nps")
    finally:
        await monitor.close()


def test_migrate_says_all_that_is_wrong_with_the_passwords(tmp_path: Path) -> None:
    env = {"HVA_POSTGRES_URL": "postgresql://a@x/y", **passwords(tmp_path, "word")}
    (tmp_path / "hva_nps").write_text("")
    (tmp_path / "hva_fcr").unlink()
    with pytest.raises(VerbError, match=r"hva_nps is empty.*hva_fcr cannot be read: FileNotFoundError") as told:
        migrate.run(env, 0.0)
    assert "word" not in str(told.value).replace("password", "")


def test_a_refused_password_is_not_waited_for(postgres: str, tmp_path: Path) -> None:
    env = {"HVA_POSTGRES_URL": dsn_for(postgres, "postgres", "hva_admin", "wrong"), **passwords(tmp_path, "word")}
    with pytest.raises(VerbError, match="PostgreSQL refuses the role or its password"):
        migrate.run(env, 60.0)


def test_who_does_not_come_is_given_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = {"HVA_POSTGRES_URL": f"postgresql://a:b@{NOWHERE}/y", **passwords(tmp_path, "word")}
    with pytest.raises(VerbError, match="PostgreSQL cannot be reached"):
        migrate.run(env, 1.5)
    assert capsys.readouterr().err.count("PostgreSQL cannot be reached (ConnectionRefusedError): waiting.") == 1
    with pytest.raises(VerbError, match="Kafka cannot be reached"):
        topics.run(NOWHERE, 0.0)
