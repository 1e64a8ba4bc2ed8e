"""The whole workload is sent again in reverse: nothing changes, and an event of equal rank replaces nothing."""

import asyncio

from tests.fault.events import common_client, contact_recorded, feedback_answered, service_event
from tests.fault.harness import FAMILIES, Harness, families_of, start_together
from tests.fault.workload import default_workload, workload_of

PID = f"k1.{'A' * 22}"


async def send_twice(harness: Harness, mutant: str) -> list[str]:
    """Send a workload, and all of it again in reverse. Returns the differences and the facts that were written twice.

    Last come an answer, a contact and a service event that have the ranks of stored facts and another client, which
    is not part of the rank.
    """
    member = {"pid": PID}
    tie = (feedback_answered("tie"), contact_recorded("tie"), service_event("tie"), common_client("tie", client=member))
    late = tuple(make("tie", client=member) for make in (feedback_answered, contact_recorded, service_event))
    passes = [(*default_workload().lines, *tie), default_workload().lines[::-1], late]
    starts = (harness.start(family, batch=500, mutant=mutant) for family in FAMILIES)
    _, *replicas = await start_together(harness.start("ingest", batch=500), *starts)
    applied = []
    for lines in passes:
        await harness.product.load(lines)
        await harness.product.wait()
        applied.append([await harness.metric(r, "hva_records_total", {"outcome": "applied"}) for r in replicas])
    problems = []
    for replica, first, last in zip(replicas, applied[0], applied[-1], strict=True):
        assert len(harness.delivered(replica)) > 2 * first, "a pass did not reach the service"
        problems += [f"{replica.service}: {last - first} facts written again"] * (last > first)
    return problems + await harness.differences(workload_of(line for lines in passes for line in lines))


async def test_second_pass_changes_nothing(harness: Harness) -> None:
    assert await send_twice(harness, "") == []


async def test_replacement_by_an_equal_rank_is_detected(harness: Harness) -> None:
    problems = await send_twice(harness, "equal_rank_wins")
    rewritten, differences = problems[: len(FAMILIES)], problems[len(FAMILIES) :]
    assert all("written again" in line for line in rewritten) and families_of(differences) == set(FAMILIES)


async def test_lost_answer_to_a_commit_changes_nothing(harness: Harness) -> None:
    """COMMIT succeeded and its answer did not arrive: the batch is applied again without effect."""
    workload = default_workload()
    await harness.send_ingested(workload)
    faults = ",".join(f"lose@committed#{n}" for n in (2, 3, 7))
    replicas = await start_together(*(harness.start(family, faults) for family in FAMILIES))
    await asyncio.gather(*map(harness.wait_until_current, FAMILIES))
    for replica in replicas:
        assert await harness.metric(replica, "hva_commit_errors_total", {"kind": "ConnectionResetError"}) == 3
    assert await harness.differences(workload) == []
