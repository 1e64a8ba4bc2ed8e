"""SIGTERM in mid-batch: the batch is finished and acknowledged, and the process ends well."""

import signal

import pytest

from tests.fault.log import usual_log
from tests.fault.stage import FAMILIES, SERVICES, Stage, both

POINTS = {tuple(FAMILIES): "in_transaction", ("ingest",): "published"}


@pytest.mark.parametrize("services", POINTS, ids="-".join)
async def test_sigterm_in_mid_batch(stage: Stage, services: tuple[str, ...]) -> None:
    log, point = usual_log(), POINTS[services]
    if "ingest" in services:
        await stage.product.load(log.lines)
    else:
        await stage.ingested(log)
    held = await both(*(stage.start(service, f"hold@{point}#3", ready=False, session=10) for service in services))
    batches = [await stage.mark(f"held-{point}", replica) for replica in held]
    for replica in held:
        replica.signal(signal.SIGTERM)
        stage.release(replica)
    assert [await replica.ended() for replica in held] == [0] * len(held)

    replicas = await both(*map(stage.start, SERVICES))
    await stage.product.wait()
    assert await stage.wrong(log) == []
    for replica, batch in zip(held, batches, strict=True):
        again = {place for one in replicas if one.service == replica.service for place in stage.handled(one)}
        assert batch and not again & set(batch), "what was finished is not delivered again"
        assert again, "and there was more to do"
