"""Stored cells are counted outside the batches, by one replica at a time, and again after a crash."""

from tests.fault.events import contact_recorded
from tests.fault.harness import Harness, start_together
from tests.fault.locks import is_any_lock_awaited
from tests.fault.workload import workload_of
from tests.replica import Replica, wait_until

LINES = [contact_recorded(f"c{n}", client={"local_id": f"A{n % 7}"}, reason="kuume") for n in range(20)]


async def kill_while_counting(harness: Harness, mutant: str) -> list[str]:
    """Kill a replica when it has counted the third period, a quarter, which is still marked as stale.

    All records were committed before, so only the mark makes the next replica count the period. Returns the
    differences.
    """
    faults = "hold@counting#1,kill@counted#3"
    _, killed = await start_together(harness.start("ingest"), harness.start("fcr", faults, mutant=mutant))
    await harness.product.load(LINES)
    for service in ("ingest", "fcr"):
        await harness.wait_until_committed(service)
    harness.release(killed)
    await harness.wait_for_mark("killed-counted", killed)
    counted = [period for _, _, period in harness.trace(killed, "counted")]
    stale = {row["period"] for row in await harness.product.fetch("select period from fcr.stale")}
    assert counted == ["2026-03", "2026-04", "2026Q1"]
    assert mutant or stale == {"2026Q1", "2026Q2", "2026"}

    await harness.start("fcr", mutant=mutant)
    await harness.wait_until_current("fcr")
    return await harness.differences(workload_of(LINES))


async def count_concurrently(harness: Harness, mutant: str) -> list[str]:
    """Hold a replica that has counted a period and not committed, and start another one. Returns what goes wrong."""
    _, first = await start_together(harness.start("ingest"), harness.start("fcr", "hold@counted#1", mutant=mutant))
    await harness.product.load(LINES)
    await harness.wait_for_mark("held-counted", first)
    second = await harness.start("fcr", mutant=mutant)

    async def tried() -> bool:
        refused = ["cells", "oma-hame", False] in harness.trace(second, "leases")
        return refused or await is_any_lock_awaited(harness)

    await wait_until(tried, "the second replica has tried to count")
    problems = [f"counted by both replicas: {period}" for period in harness.trace(second, "counted")]
    if await is_any_lock_awaited(harness):
        return [*problems, "the second replica waits for the first"]
    harness.release(first)
    await harness.wait_until_current("fcr")
    return problems + _logged_errors(first, second) + await harness.differences(workload_of(LINES))


def _logged_errors(*replicas: Replica) -> list[str]:
    return [line for r in replicas for line in r.log.read_text().splitlines() if '"ERROR"' in line]


async def test_period_of_a_killed_replica_is_counted_again(harness: Harness) -> None:
    assert await kill_while_counting(harness, "") == []


async def test_clearing_the_stale_mark_too_early_is_detected(harness: Harness) -> None:
    differences = await kill_while_counting(harness, "stale_cleared_before_count")
    assert {line.partition(" ")[0] for line in differences} == {"fcr_client", "revolving"}


async def test_one_replica_counts_at_a_time(harness: Harness) -> None:
    assert await count_concurrently(harness, "") == []


async def test_replicas_that_count_concurrently_are_detected(harness: Harness) -> None:
    assert await count_concurrently(harness, "no_lease") != []
