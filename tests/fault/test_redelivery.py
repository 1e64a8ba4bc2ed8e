"""The whole log again, backwards: nothing changes, and what is equal in the whole order does not replace."""

from tests.fault.events import answered
from tests.fault.stage import Stage, both, judged, usual_log

PID = f"k1.{'A' * 22}"


async def log_twice(stage: Stage, mutant: str) -> list[str]:
    """Send a log and then all of it again in reverse; returns what came out wrong or was written twice.

    Last comes an answer of the same order as a stored one, with a client, which the order does not see.
    """
    passes = [(*usual_log().lines, answered("tie")), usual_log().lines[::-1], (answered("tie", client={"pid": PID}),)]
    _, nps = await both(stage.start("ingest", batch=500), stage.start("nps", batch=500, mutant=mutant))
    applied = []
    for lines in passes:
        await stage.product.load(lines)
        await stage.product.wait()
        applied.append(await stage.metric(nps, "hva_records_total", {"outcome": "applied"}))
    assert len(stage.handled(nps)) > 2 * applied[0], "every pass reached the service"
    wrong = await stage.wrong(judged(line for lines in passes for line in lines))
    return [f"{applied[-1] - applied[0]} facts written again"] * (applied[-1] > applied[0]) + wrong


async def test_a_second_pass_changes_nothing(stage: Stage) -> None:
    assert await log_twice(stage, "") == []


async def test_equal_order_that_wins_is_noticed(stage: Stage) -> None:
    written, *figures = await log_twice(stage, "equal_order_wins")
    assert "written again" in written and figures


async def test_lost_answer_to_a_commit(stage: Stage) -> None:
    """The COMMIT succeeded and its answer did not arrive: it is done again, to no effect."""
    log = usual_log()
    await stage.ingested(log)
    nps = await stage.start("nps", ",".join(f"lose@committed#{n}" for n in (2, 3, 7)))
    await stage.settled("nps")
    assert await stage.metric(nps, "hva_commit_errors_total", {"kind": "ConnectionResetError"}) == 3
    assert await stage.wrong(log) == []
