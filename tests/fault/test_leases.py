"""Jobs that run in one replica go on in another one when it dies, and in the same one when PostgreSQL restarts."""

import asyncio

from tests.conftest import ServerUnderTest
from tests.fault.events import service_event
from tests.fault.harness import Harness, start_together
from tests.replica import Replica, wait_until

ALONE = {"outbox", "replay", "redrive", "publication"}


async def jobs_of(harness: Harness, replica: Replica) -> set[str]:
    """The jobs whose lease a replica holds."""
    return {job for job in ALONE if await harness.metric(replica, "hva_job_held", {"job": job})}


async def wait_until_held(harness: Harness, replica: Replica) -> None:
    async def all_held() -> bool:
        return await jobs_of(harness, replica) == ALONE

    await wait_until(all_held, "the replica holds every lease")


async def test_jobs_of_a_killed_replica_go_on_in_another_and_survive_postgres(
    harness: Harness, postgres_server: ServerUnderTest
) -> None:
    _, killed = await start_together(harness.start("ingest"), harness.start("segments"))
    await wait_until_held(harness, killed)
    other = await harness.start("segments")
    assert (await jobs_of(harness, killed), await jobs_of(harness, other)) == (ALONE, set())

    await killed.kill()
    await wait_until_held(harness, other)
    await harness.product.load([service_event("a")])
    await harness.wait_until_current("segments")

    await asyncio.to_thread(postgres_server.restart, "immediate")
    await wait_until_held(harness, other)
    await harness.product.load([service_event("b")])
    await harness.wait_until_current("segments")
    assert not [line for line in other.log.read_text().splitlines() if '"ERROR"' in line]
    assert {job for job, _, held in harness.trace(other, "leases") if held} >= ALONE
