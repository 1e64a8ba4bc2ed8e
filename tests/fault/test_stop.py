"""SIGTERM during a batch: the batch is finished and acknowledged, and the process exits with 0."""

import signal

import pytest

from tests.fault.harness import FAMILIES, SERVICES, Harness, start_together
from tests.fault.workload import default_workload

POINTS = {tuple(FAMILIES): "in_transaction", ("ingest",): "published"}


@pytest.mark.parametrize("services", POINTS, ids="-".join)
async def test_sigterm_finishes_the_batch(harness: Harness, services: tuple[str, ...]) -> None:
    workload, point = default_workload(), POINTS[services]
    await harness.product.let_publish()  # a publication in progress does not delay the end
    if "ingest" in services:
        await harness.product.load(workload.lines)
    else:
        await harness.send_ingested(workload)
    held = await start_together(
        *(harness.start(service, f"hold@{point}#3", ready=False, session=10) for service in services)
    )
    batches = [await harness.wait_for_mark(f"held-{point}", replica) for replica in held]
    for replica in held:
        replica.signal(signal.SIGTERM)
        harness.release(replica)
    assert [await replica.ended() for replica in held] == [0] * len(held)

    replicas = await start_together(*map(harness.start, SERVICES))
    await harness.product.wait()
    assert await harness.differences(workload) == []
    for replica, batch in zip(held, batches, strict=True):
        successors = [other for other in replicas if other.service == replica.service]
        later = {position for other in successors for position in harness.delivered(other)}
        assert batch and not later & set(batch), "a finished batch was redelivered"
        assert later, "no records were left for the next replica"
