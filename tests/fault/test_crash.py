"""`kill -9` at every point between two effects of a batch, and at random times."""

import asyncio
import signal

import pytest

from tests.fault.harness import FAMILIES, FAULT_ROUNDS, SERVICES, Harness, Position, start_together
from tests.fault.workload import default_workload
from tests.replica import Replica, wait_until

# Points between two effects of a batch.
# `commit_sent`: COMMIT is sent, its answer has not arrived.
# `committed`, `published`: everything is done, but the offsets are not committed.
# `histories_published`: histories are on the segment stream, and still pending in the outbox.
# `dead_letters_stored`: dead letters are stored, events are not published.
POINTS = {
    tuple(FAMILIES): ("transaction_started", "in_transaction", "commit_sent", "committed"),
    ("segments",): ("histories_published",),
    ("ingest",): ("dead_letters_stored", "published"),
}


@pytest.mark.parametrize("services", POINTS, ids="-".join)
async def test_kill_at_a_named_point_loses_nothing(harness: Harness, services: tuple[str, ...]) -> None:
    workload = default_workload()
    if "ingest" in services:
        await harness.product.load(workload.lines)
    else:
        await harness.send_ingested(workload)
    killed: list[tuple[Replica, list[Position]]] = []
    for point in POINTS[services] * FAULT_ROUNDS:
        # One publication may empty the outbox, so only the first is certain to come.
        last = 1 if point == "histories_published" else 4
        faults = [f"kill@{point}#{harness.random.randint(1, last)}" for _ in services]
        starts = (harness.start(service, fault, ready=False) for service, fault in zip(services, faults, strict=True))
        for replica in await start_together(*starts):
            killed.append((replica, await harness.wait_for_mark(f"killed-{point}", replica)))
            assert await replica.ended() == -signal.SIGKILL
    await start_together(*map(harness.start, SERVICES))
    await harness.product.wait()

    assert await harness.differences(workload) == []
    for replica, batch in killed:
        later = harness.product.replicas[harness.product.replicas.index(replica) + 1 :]
        redelivered = {position for other in later for position in harness.delivered(other)}
        assert set(batch) <= redelivered, "the batch of the kill was not redelivered"


async def test_kill_at_a_random_time_loses_nothing(harness: Harness) -> None:
    workload, rounds = default_workload(), 3 * FAULT_ROUNDS
    for number in range(rounds):
        await harness.product.load(workload.lines[number::rounds])
        # One replica is certainly killed before it commits its offsets, however fast or slow the machine is.
        certain = {"nps": "hold@committed#1"} if number == 0 else {}
        starts = (harness.start(name, certain.get(name, ""), ready=False, batch=15) for name in SERVICES)
        replicas = await start_together(*starts)
        for replica in replicas:
            await wait_until(lambda replica=replica: harness.delivered(replica), f"{replica.service} has a batch")
        await asyncio.gather(*(_kill_later(replica, harness.random.uniform(0, 0.4)) for replica in replicas))
    await start_together(*map(harness.start, SERVICES))
    await harness.product.wait()

    assert await harness.differences(workload) == []
    killed = [replica for replica in harness.product.replicas if replica.process.returncode == -signal.SIGKILL]
    assert len(killed) == len(SERVICES) * rounds
    deliveries = [position for replica in harness.product.replicas for position in harness.delivered(replica)]
    assert len(deliveries) > len(set(deliveries)), "no record was redelivered"


async def _kill_later(replica: Replica, seconds: float) -> None:
    await asyncio.sleep(seconds)  # the time of the fault, not a wait for a condition
    await replica.kill()
