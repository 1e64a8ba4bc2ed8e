"""`kill -9`: at every point between two effects of a batch, and at any time."""

import asyncio
import signal

import pytest

from tests.fault.stage import NIGHTLY, Place, Stage, both, usual_log
from tests.product import Replica, until

# Between two effects of a batch. `sent`: the COMMIT is on its way and its answer is not there; `committed` and
# `settled`: everything is done but Kafka does not know it.
POINTS = {"nps": ("begun", "in_transaction", "sent", "committed"), "ingest": ("published", "settled")}


@pytest.mark.parametrize("service", POINTS)
async def test_killed_at_a_named_point(stage: Stage, service: str) -> None:
    log = usual_log()
    if service == "nps":
        await stage.ingested(log)
    else:
        await stage.product.load(log.lines)
    struck: list[tuple[Replica, list[Place]]] = []
    for point in POINTS[service] * NIGHTLY:
        replica = await stage.start(service, f"kill@{point}#{stage.random.randint(1, 4)}", ready=False)
        struck.append((replica, await stage.mark(f"killed-{point}", replica)))
        assert await replica.ended() == -signal.SIGKILL
    await both(stage.start("ingest"), stage.start("nps"))
    await stage.product.wait()

    assert await stage.wrong(log) == []
    for replica, batch in struck:
        later = stage.product.replicas[stage.product.replicas.index(replica) + 1 :]
        assert set(batch) <= {place for one in later for place in stage.handled(one)}, "redelivered"


async def test_killed_at_any_time(stage: Stage) -> None:
    log, rounds = usual_log(), 3 * NIGHTLY
    for number in range(rounds):
        await stage.product.load(log.lines[number::rounds])
        replicas = await both(*(stage.start(service, ready=False, batch=15) for service in POINTS))
        for replica in replicas:
            await until(lambda replica=replica: stage.handled(replica), f"{replica.service} is at work")
        await asyncio.gather(*(_kill_later(replica, stage.random.uniform(0, 0.4)) for replica in replicas))
    await both(stage.start("ingest"), stage.start("nps"))
    await stage.product.wait()

    assert await stage.wrong(log) == []
    killed = [replica for replica in stage.product.replicas if replica.process.returncode == -signal.SIGKILL]
    assert len(killed) == 2 * rounds
    handled = [place for replica in stage.product.replicas for place in stage.handled(replica)]
    assert len(handled) > len(set(handled)), "some records were delivered again"


async def _kill_later(replica: Replica, seconds: float) -> None:
    await asyncio.sleep(seconds)  # the fault's own time, not a wait for something
    await replica.kill()
