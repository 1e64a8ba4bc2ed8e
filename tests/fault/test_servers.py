"""Kafka or PostgreSQL crashes or is down: the services stay up, report it, and recover without help."""

import asyncio

from deploy.hva.context import VerbError
from tests.conftest import ServerUnderTest
from tests.fault.harness import FAMILIES, SERVICES, Harness, families_of, start_together
from tests.fault.workload import default_workload
from tests.replica import wait_until_available, wait_until_unavailable


async def crash_during_a_batch(harness: Harness, name: str, server: ServerUnderTest, mutant: str = "") -> list[str]:
    """Crash a server while all services hold a batch, and release them before it is back. Returns the differences."""
    workload = default_workload()
    await harness.product.load(workload.lines)
    replicas = await start_together(
        harness.start("ingest", "hold@published#3", ready=False, mutant=mutant),
        *(harness.start(family, "hold@in_transaction#2", ready=False, mutant=mutant) for family in FAMILIES),
    )
    for replica in replicas:
        point = "in_transaction" if replica.service in FAMILIES else "published"
        assert await harness.wait_for_mark(f"held-{point}", replica)
    await asyncio.to_thread(server.stop, "immediate")
    await wait_until_unavailable(replicas, name)
    for replica in replicas:
        harness.release(replica)
    await asyncio.to_thread(server.start)
    await wait_until_available(replicas)
    try:
        await harness.product.wait()
    except VerbError:  # a mutant may have lost histories, and then the wait never ends
        if not mutant:
            raise
    assert [replica.process.returncode for replica in replicas] == [None] * len(SERVICES)
    return await harness.differences(workload)


async def test_postgres_crash_during_a_batch_loses_nothing(harness: Harness, postgres_server: ServerUnderTest) -> None:
    assert await crash_during_a_batch(harness, "postgres", postgres_server) == []


async def test_acknowledgement_of_a_failed_batch_is_detected(
    harness: Harness, postgres_server: ServerUnderTest
) -> None:
    assert families_of(
        await crash_during_a_batch(harness, "postgres", postgres_server, "failed_batch_is_acknowledged")
    ) == set(FAMILIES)


async def test_kafka_crash_during_a_batch_loses_nothing(harness: Harness, kafka_server: ServerUnderTest) -> None:
    assert await crash_during_a_batch(harness, "kafka", kafka_server) == []


async def test_services_start_while_kafka_and_postgres_are_down(
    harness: Harness, kafka_server: ServerUnderTest, postgres_server: ServerUnderTest
) -> None:
    workload = default_workload()
    await harness.product.load(workload.lines)
    for server in (kafka_server, postgres_server):
        await asyncio.to_thread(server.stop)
    replicas = await start_together(*(harness.start(name, ready=False, batch=100) for name in SERVICES))
    await wait_until_unavailable(replicas, "postgres", "kafka")
    await asyncio.to_thread(postgres_server.start)
    await wait_until_unavailable(replicas, "kafka")
    await asyncio.to_thread(kafka_server.start)
    await wait_until_available(replicas)
    await harness.product.wait()
    assert await harness.differences(workload) == []
    assert all('"ERROR"' not in replica.log.read_text() for replica in replicas), (
        "a temporary failure was logged as an error"
    )
