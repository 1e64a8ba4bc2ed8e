"""Stored cells are counted outside the batches, by one replica at a time, and again after a crash."""

from tests.fault.events import contact_recorded
from tests.fault.locks import is_any_lock_awaited
from tests.fault.stage import Stage, start_together
from tests.fault.workload import workload_of
from tests.replica import Replica, wait_until

LINES = [contact_recorded(f"c{n}", client={"local_id": f"A{n % 7}"}, reason="kuume") for n in range(20)]
PERIODS = 5  # March, April (a client of March may be revolving in April), their two quarters and the year


async def kill_while_counting(stage: Stage, mutant: str) -> list[str]:
    """Kill a replica when it has counted the third period, a quarter, which is still marked as stale.

    All records were committed before, so only the mark makes the next replica count the period. Returns the
    differences.
    """
    faults = "hold@counting#1,kill@counted#3"
    _, killed = await start_together(stage.start("ingest"), stage.start("fcr", faults, mutant=mutant))
    await stage.product.load(LINES)
    for service in ("ingest", "fcr"):
        await stage.wait_until_committed(service)
    stage.release(killed)
    await stage.wait_for_mark("killed-counted", killed)
    counted = [period for _, _, period in stage.trace(killed, "counted")]
    stale = {row["period"] for row in await stage.product.fetch("select period from fcr.stale")}
    assert counted == ["2026-03", "2026-04", "2026Q1"]
    assert mutant or stale == {"2026Q1", "2026Q2", "2026"}

    await stage.start("fcr", mutant=mutant)
    await stage.wait_until_current("fcr")
    return await stage.differences(workload_of(LINES))


async def count_concurrently(stage: Stage, mutant: str) -> list[str]:
    """Hold a replica that has counted a period and not committed, and start another one. Returns what goes wrong."""
    _, first = await start_together(stage.start("ingest"), stage.start("fcr", "hold@counted#1", mutant=mutant))
    await stage.product.load(LINES)
    await stage.wait_for_mark("held-counted", first)
    second = await stage.start("fcr", mutant=mutant)

    async def tried() -> bool:
        return len(stage.trace(second, "counting")) >= PERIODS or await is_any_lock_awaited(stage)

    await wait_until(tried, "the second replica has tried to count")
    problems = [f"counted by both replicas: {period}" for period in stage.trace(second, "counted")]
    if await is_any_lock_awaited(stage):
        return [*problems, "the second replica waits for the first"]
    stage.release(first)
    await stage.wait_until_current("fcr")
    return problems + _logged_errors(first, second) + await stage.differences(workload_of(LINES))


def _logged_errors(*replicas: Replica) -> list[str]:
    return [line for r in replicas for line in r.log.read_text().splitlines() if '"ERROR"' in line]


async def test_period_of_a_killed_replica_is_counted_again(stage: Stage) -> None:
    assert await kill_while_counting(stage, "") == []


async def test_clearing_the_stale_mark_too_early_is_detected(stage: Stage) -> None:
    differences = await kill_while_counting(stage, "stale_cleared_before_count")
    assert {line.partition(" ")[0] for line in differences} == {"fcr_client", "revolving"}


async def test_one_replica_counts_at_a_time(stage: Stage) -> None:
    assert await count_concurrently(stage, "") == []


async def test_replicas_that_count_concurrently_are_detected(stage: Stage) -> None:
    assert await count_concurrently(stage, "no_cell_lock") != []
