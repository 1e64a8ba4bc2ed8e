"""The exporter with a real Kafka and PostgreSQL, and `hva migrate` and `hva topics`, which prepare them."""

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
from tests.product import Database, wait_until

CLOSED_ADDRESS = "127.0.0.1:9"


def write_passwords(folder: Path, password: str) -> dict[str, str]:
    for role in ROLES:
        (folder / role).touch(mode=0o600)
        (folder / role).write_text(f"{password}\n")
    return {"HVA_ROLE_PASSWORDS_DIR": str(folder)}


async def lag_growth(kafka: str, group: str, before: exporter_kafka.KafkaSnapshot) -> list[int]:
    """The growth of the lag of a group, for each partition where it is not zero."""
    now = (await exporter_kafka.take_snapshot(kafka)).unread[group]
    growth = (records - before.unread[group].get(partition, 0) for partition, records in now.items())
    return [records for records in growth if records]


async def test_lag_of_a_new_group_is_all_committed_records(kafka: str) -> None:
    await asyncio.to_thread(topics.run, kafka, 5.0)
    topic = RAW[Stream.CARE]
    group = group_id("ingest", topic)

    async def known() -> bool:  # the first group of a broker has no coordinator for a moment
        return group in (await exporter_kafka.take_snapshot(kafka)).unread

    await wait_until(known, "the group has a coordinator")
    before = await exporter_kafka.take_snapshot(kafka)
    producer = make_producer(kafka, "test")
    await producer.start()
    await publish(producer, [Outgoing(topic.name, b"key", b"{}")] * 3)
    await producer.stop()
    sender = make_producer(kafka, "test", transactional="exporter")
    await sender.start()
    await sender.begin_transaction()
    await publish(sender, [Outgoing(topic.name, b"other key", b"{}")] * 2)  # aborted, so it does not count as lag
    await sender.abort_transaction()
    await sender.stop()

    async def only_committed_counted() -> bool:
        # The broker writes the marker of the aborted transaction after its answer.
        return await lag_growth(kafka, group, before) == [3]

    await wait_until(only_committed_counted, "three records are unread, in one partition")
    snapshot = await exporter_kafka.take_snapshot(kafka)
    assert snapshot.brokers == 1
    assert {partition["topic"] for partition in snapshot.partitions} == {topic.name for topic in TOPICS}
    for partition in snapshot.partitions:
        assert len(partition["isr"]) == 1 == len(partition["replicas"]) and partition["leader"] >= 0


async def test_monitor_role_sees_the_database_but_no_figures(database: Database) -> None:
    dsn = database.dsn("hva_monitor")
    connection = await asyncpg.connect(database.dsn("hva_nps"))
    try:
        async with connection.transaction():
            await connection.execute("select 1")
            snapshot = await exporter_postgres.take_snapshot(dsn)
    finally:
        await connection.close()
    assert [row["connections"] for row in snapshot.connections if row["role"] == "hva_nps"] == [1]
    assert max(row["oldest"] for row in snapshot.connections) > 0
    assert snapshot.database["bytes"] > 1_000_000 and snapshot.database["committed"] > 0
    assert snapshot.database["max_connections"] == 200
    monitor = await asyncpg.connect(dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await monitor.fetch("select * from figures.nps")
    finally:
        await monitor.close()


def test_migrate_reports_all_invalid_password_files(tmp_path: Path) -> None:
    env = {"HVA_POSTGRES_URL": "postgresql://a@x/y", **write_passwords(tmp_path, "word")}
    (tmp_path / "hva_nps").write_text("")
    (tmp_path / "hva_fcr").unlink()
    with pytest.raises(VerbError, match=r"hva_nps is empty.*hva_fcr cannot be read: FileNotFoundError") as raised:
        migrate.run(env, 0.0)
    assert "word" not in str(raised.value).replace("password", "")


def test_migrate_does_not_retry_a_refused_password(postgres: str, tmp_path: Path) -> None:
    env = {"HVA_POSTGRES_URL": dsn_for(postgres, "postgres", "hva_admin", "wrong"), **write_passwords(tmp_path, "word")}
    with pytest.raises(VerbError, match="PostgreSQL refuses the role or its password"):
        migrate.run(env, 60.0)


def test_migrate_and_topics_give_up_on_unreachable_servers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = {"HVA_POSTGRES_URL": f"postgresql://a:b@{CLOSED_ADDRESS}/y", **write_passwords(tmp_path, "word")}
    with pytest.raises(VerbError, match="PostgreSQL cannot be reached"):
        migrate.run(env, 1.5)
    assert capsys.readouterr().err.count("PostgreSQL cannot be reached (ConnectionRefusedError): waiting.") == 1
    with pytest.raises(VerbError, match="Kafka cannot be reached"):
        topics.run(CLOSED_ADDRESS, 0.0)
