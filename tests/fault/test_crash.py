"""`kill -9`: at every point between two effects of a batch, and at any time."""

import asyncio
import signal

import pytest

from tests.fault.log import usual_log
from tests.fault.stage import FAMILIES, NIGHTLY, SERVICES, Place, Stage, both
from tests.replica import Replica, until

# Between two effects of a batch. `sent`: the COMMIT is on its way, its answer is not there; `kept`: dead letters are,
# events are not published; `committed` and `published`: everything is done but Kafka does not know it.
# `publish_pending`: histories are on the segment stream, and wait.
POINTS = {
    tuple(FAMILIES): ("begun", "in_transaction", "sent", "committed"),
    ("segments",): ("publish_pending",),
    ("ingest",): ("kept", "published"),
}


@pytest.mark.parametrize("services", POINTS, ids="-".join)
async def test_killed_at_a_named_point(stage: Stage, services: tuple[str, ...]) -> None:
    log = usual_log()
    if "ingest" in services:
        await stage.product.load(log.lines)
    else:
        await stage.ingested(log)
    struck: list[tuple[Replica, list[Place]]] = []
    for point in POINTS[services] * NIGHTLY:
        faults = [f"kill@{point}#{stage.random.randint(1, 4)}" for _ in services]
        starts = (stage.start(*of, ready=False) for of in zip(services, faults, strict=True))
        for replica in await both(*starts):
            struck.append((replica, await stage.mark(f"killed-{point}", replica)))
            assert await replica.ended() == -signal.SIGKILL
    await both(*map(stage.start, SERVICES))
    await stage.product.wait()

    assert await stage.wrong(log) == []
    for replica, batch in struck:
        later = stage.product.replicas[stage.product.replicas.index(replica) + 1 :]
        assert set(batch) <= {place for one in later for place in stage.handled(one)}, "redelivered"


async def test_killed_at_any_time(stage: Stage) -> None:
    log, rounds = usual_log(), 3 * NIGHTLY
    for number in range(rounds):
        await stage.product.load(log.lines[number::rounds])
        # One dies between a commit and its acknowledgement for sure, however fast or slow the machine is.
        sure = {"nps": "hold@committed#1"} if number == 0 else {}
        replicas = await both(*(stage.start(name, sure.get(name, ""), ready=False, batch=15) for name in SERVICES))
        for replica in replicas:
            await until(lambda replica=replica: stage.handled(replica), f"{replica.service} is at work")
        await asyncio.gather(*(_kill_later(replica, stage.random.uniform(0, 0.4)) for replica in replicas))
    await both(*map(stage.start, SERVICES))
    await stage.product.wait()

    assert await stage.wrong(log) == []
    killed = [replica for replica in stage.product.replicas if replica.process.returncode == -signal.SIGKILL]
    assert len(killed) == len(SERVICES) * rounds
    handled = [place for replica in stage.product.replicas for place in stage.handled(replica)]
    assert len(handled) > len(set(handled)), "some records were delivered again"


async def _kill_later(replica: Replica, seconds: float) -> None:
    await asyncio.sleep(seconds)  # the fault's own time, not a wait for something
    await replica.kill()
