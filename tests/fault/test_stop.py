"""SIGTERM in mid-batch: the batch is finished and acknowledged, and the process ends well."""

import signal

import pytest

from tests.fault.stage import Stage, both, usual_log


@pytest.mark.parametrize(("service", "point"), [("nps", "in_transaction"), ("ingest", "published")])
async def test_sigterm_in_mid_batch(stage: Stage, service: str, point: str) -> None:
    log = usual_log()
    if service == "nps":
        await stage.ingested(log)
    else:
        await stage.product.load(log.lines)
    replica = await stage.start(service, f"hold@{point}#3", ready=False, session=10)
    batch = await stage.mark(f"held-{point}", replica)
    replica.signal(signal.SIGTERM)
    stage.release(replica)
    assert await replica.ended(15) == 0

    replicas = await both(stage.start("ingest"), stage.start("nps"))
    await stage.product.wait()
    assert await stage.wrong(log) == []
    again = {place for one in replicas for place in stage.handled(one)}
    assert batch and not again & set(batch), "what was finished is not delivered again"
    assert again, "and there was more to do"
