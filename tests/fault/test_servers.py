"""Kafka and PostgreSQL restarted or away: the services stay up, say so, and go on by themselves."""

import asyncio

from tests.conftest import ServerUnderTest
from tests.fault.log import usual_log
from tests.fault.stage import FAMILIES, SERVICES, Stage, both, told_by
from tests.replica import Replica, until


async def crash_in_mid_batch(stage: Stage, name: str, server: ServerUnderTest, mutant: str = "") -> list[str]:
    """A server ends at once while all services hold a batch, and they go on before it is back.

    Returns what came out wrong.
    """
    log = usual_log()
    await stage.product.load(log.lines)
    replicas = await both(
        stage.start("ingest", "hold@published#3", ready=False, mutant=mutant),
        *(stage.start(family, "hold@in_transaction#2", ready=False, mutant=mutant) for family in FAMILIES),
    )
    for replica in replicas:
        point = "in_transaction" if replica.service in FAMILIES else "published"
        assert await stage.mark(f"held-{point}", replica)
    await asyncio.to_thread(server.stop, "immediate")
    await _say(replicas, name)
    for replica in replicas:
        stage.release(replica)
    await asyncio.to_thread(server.start)
    await _say(replicas)
    await stage.product.wait()
    assert [replica.process.returncode for replica in replicas] == [None] * len(SERVICES)
    return await stage.wrong(log)


async def test_postgres_crash_in_mid_batch(stage: Stage, postgres_server: ServerUnderTest) -> None:
    assert await crash_in_mid_batch(stage, "postgres", postgres_server) == []


async def test_an_error_that_is_acknowledged_is_noticed(stage: Stage, postgres_server: ServerUnderTest) -> None:
    assert told_by(await crash_in_mid_batch(stage, "postgres", postgres_server, "error_is_ack")) == set(FAMILIES)


async def test_kafka_crash_in_mid_batch(stage: Stage, kafka_server: ServerUnderTest) -> None:
    assert await crash_in_mid_batch(stage, "kafka", kafka_server) == []


async def test_both_away_at_the_start(
    stage: Stage, kafka_server: ServerUnderTest, postgres_server: ServerUnderTest
) -> None:
    log = usual_log()
    await stage.product.load(log.lines)
    for server in (kafka_server, postgres_server):
        await asyncio.to_thread(server.stop)
    replicas = await both(*(stage.start(name, ready=False, batch=100) for name in SERVICES))
    await _say(replicas, "postgres", "kafka")
    await asyncio.to_thread(postgres_server.start)
    await _say(replicas, "kafka")
    await asyncio.to_thread(kafka_server.start)
    await _say(replicas)
    await stage.product.wait()
    assert await stage.wrong(log) == []
    assert all('"ERROR"' not in replica.log.read_text() for replica in replicas), "what passes is no error"


async def _say(replicas: list[Replica], *parts: str) -> None:
    """Wait until the replicas name exactly these parts as away on /readyz, and that they are alive all the same."""
    for replica in replicas:

        async def says(replica: Replica = replica) -> bool:
            status, body = await replica.probe()
            assert isinstance(body, dict)
            return status == (503 if parts else 200) and set(body["troubles"]) == set(parts)

        await until(says, f"{replica.service} says that {parts or 'nothing'} is away")
        assert (await replica.probe("/livez"))[0] == 200
