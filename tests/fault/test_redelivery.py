"""The whole log again, backwards: nothing changes, and what is equal in the whole order does not replace."""

import asyncio

from tests.fault.events import answered, flagged, recorded, visited
from tests.fault.log import judged, usual_log
from tests.fault.stage import FAMILIES, Stage, both, told_by

PID = f"k1.{'A' * 22}"


async def log_twice(stage: Stage, mutant: str) -> list[str]:
    """Send a log and then all of it again in reverse; returns what came out wrong or was written twice.

    Last come an answer, a contact and a service event of the same order as stored ones, with another client, which the
    order does not see.
    """
    member = {"pid": PID}
    tie = (answered("tie"), recorded("tie"), visited("tie"), flagged("tie", client=member))
    late = tuple(make("tie", client=member) for make in (answered, recorded, visited))
    passes = [(*usual_log().lines, *tie), usual_log().lines[::-1], late]
    starts = (stage.start(family, batch=500, mutant=mutant) for family in FAMILIES)
    _, *replicas = await both(stage.start("ingest", batch=500), *starts)
    applied = []
    for lines in passes:
        await stage.product.load(lines)
        await stage.product.wait()
        applied.append([await stage.metric(r, "hva_records_total", {"outcome": "applied"}) for r in replicas])
    wrong = []
    for replica, first, last in zip(replicas, applied[0], applied[-1], strict=True):
        assert len(stage.handled(replica)) > 2 * first, "every pass reached the service"
        wrong += [f"{replica.service}: {last - first} facts written again"] * (last > first)
    return wrong + await stage.wrong(judged(line for lines in passes for line in lines))


async def test_a_second_pass_changes_nothing(stage: Stage) -> None:
    assert await log_twice(stage, "") == []


async def test_equal_order_that_wins_is_noticed(stage: Stage) -> None:
    wrong = await log_twice(stage, "equal_order_wins")
    again, figures = wrong[: len(FAMILIES)], wrong[len(FAMILIES) :]
    assert all("written again" in one for one in again) and told_by(figures) == set(FAMILIES)


async def test_lost_answer_to_a_commit(stage: Stage) -> None:
    """The COMMIT succeeded and its answer did not arrive: it is done again, to no effect."""
    log = usual_log()
    await stage.ingested(log)
    faults = ",".join(f"lose@committed#{n}" for n in (2, 3, 7))
    replicas = await both(*(stage.start(family, faults) for family in FAMILIES))
    await asyncio.gather(*map(stage.is_current, FAMILIES))
    for replica in replicas:
        assert await stage.metric(replica, "hva_commit_errors_total", {"kind": "ConnectionResetError"}) == 3
    assert await stage.wrong(log) == []
