"""Several replicas handle the same records: the county lock serialises them, and a late replica changes nothing."""

import asyncio
import signal
from collections import Counter

import pytest

from shared.contracts.catalogue import SEGMENT
from tests.fault.events import client_erased, contact_recorded, feedback_answered, service_event
from tests.fault.harness import FAMILIES, Harness, families_of, start_together
from tests.fault.locks import families_waiting_for_county
from tests.fault.workload import default_workload, workload_of
from tests.replica import wait_until

CLIENT = {"local_id": "A1"}


async def erase_during_facts(harness: Harness, replicas: int, mutant: str) -> list[str]:
    """Erase a client while every family has an uncommitted batch with facts of the client. Returns the differences.

    Without the county lock the erasure finds nothing to erase, and the facts are committed after it.
    """
    facts = [
        make(f"r{n}", client=CLIENT) for n in range(20) for make in (feedback_answered, contact_recorded, service_event)
    ]
    erasure = client_erased("x", CLIENT)
    fault = "hold@in_transaction#1"
    _, *held = await start_together(
        harness.start("ingest"), *(harness.start(f, fault, mutant=mutant) for f in FAMILIES)
    )
    await harness.product.load(facts)
    for replica in held:
        assert await harness.wait_for_mark("held-in_transaction", replica)
    if replicas == 2:
        await start_together(*(harness.start(family, mutant=mutant, group_suffix=".second") for family in FAMILIES))
    await harness.product.load([erasure])

    async def erasing() -> bool:
        waiting = await families_waiting_for_county(harness)
        return all([f in waiting or await harness.product.fetch(f"select 1 from {f}.erased") for f in FAMILIES])

    await wait_until(erasing, "the erasure waits for the facts, or is committed before them")
    waited = await families_waiting_for_county(harness)
    for replica in held:
        harness.release(replica)
    await harness.product.wait()
    for family in FAMILIES if replicas == 2 else ():
        await harness.wait_until_current(family, ".second")
    assert mutant or waited == set(FAMILIES)
    return await harness.differences(workload_of([*facts, erasure]))


@pytest.mark.parametrize("replicas", [1, 2])
async def test_erasure_waits_for_uncommitted_facts(harness: Harness, replicas: int) -> None:
    assert await erase_during_facts(harness, replicas, "") == []


@pytest.mark.parametrize("replicas", [1, 2])
async def test_erasure_without_the_county_lock_is_detected(harness: Harness, replicas: int) -> None:
    assert families_of(await erase_during_facts(harness, replicas, "no_county_lock")) == set(FAMILIES)


async def test_two_replicas_of_all_records_give_the_same_figures(harness: Harness) -> None:
    workload = default_workload()
    await harness.send_ingested(workload)
    held = await start_together(*(harness.start(f, "hold@in_transaction#2", ready=False, batch=100) for f in FAMILIES))
    for replica in held:
        await harness.wait_for_mark("held-in_transaction", replica)
    others = await start_together(*(harness.start(f, ready=False, batch=100, group_suffix=".second") for f in FAMILIES))

    async def all_wait() -> bool:
        return await families_waiting_for_county(harness) == set(FAMILIES)

    await wait_until(all_wait, "every family has a replica that waits for the other")
    for replica in held:
        harness.release(replica)
    await asyncio.gather(
        *(harness.wait_until_current(family, suffix) for family in FAMILIES for suffix in ("", ".second"))
    )
    assert await harness.differences(workload) == []
    for pair in zip(held, others, strict=True):
        delivered, delivered_to_other = (
            {position for position in harness.delivered(replica) if not position[0].endswith(SEGMENT.name)}
            for replica in pair
        )
        assert delivered == delivered_to_other


async def test_rebalance_during_a_batch_loses_nothing(harness: Harness) -> None:
    workload = default_workload()
    await harness.send_ingested(workload)
    held = await start_together(*(harness.start(f, "hold@in_transaction#5", ready=False) for f in FAMILIES))
    batches = [await harness.wait_for_mark("held-in_transaction", replica) for replica in held]
    joined = await start_together(*(harness.start(f, ready=False) for f in FAMILIES for _ in range(2)))
    await wait_until(lambda: all(map(harness.delivered, joined)), "the replicas that joined have partitions")
    for replica in held:
        harness.release(replica)
        replica.signal(signal.SIGTERM)
    assert [await replica.ended() for replica in held] == [0] * len(FAMILIES)
    await asyncio.gather(*map(harness.wait_until_current, FAMILIES))

    assert await harness.differences(workload) == []
    deliveries = Counter(position for replica in harness.product.replicas for position in harness.delivered(replica))
    for batch in batches:
        assert all(deliveries[position] > 1 for position in batch), "the held batch was not redelivered"


async def test_frozen_replica_changes_nothing_after_it_resumes(harness: Harness) -> None:
    """SIGSTOP inside a transaction: the time limit of PostgreSQL frees the lock, and another replica takes over."""
    workload = default_workload()
    await harness.send_ingested(workload)
    frozen = await start_together(
        *(harness.start(f, "hold@in_transaction#5", ready=False, idle=None) for f in FAMILIES)
    )
    batches = [await harness.wait_for_mark("held-in_transaction", replica) for replica in frozen]
    for replica in frozen:
        replica.signal(signal.SIGSTOP)
    others = await start_together(*map(harness.start, FAMILIES))
    await asyncio.gather(*map(harness.wait_until_current, FAMILIES))
    assert await harness.differences(workload) == []
    for batch, other in zip(batches, others, strict=True):
        assert set(batch) <= set(harness.delivered(other))

    for replica in frozen:
        harness.release(replica)
        replica.signal(signal.SIGCONT)

    async def commit_failed() -> bool:
        return all([await harness.metric(replica, "hva_commit_errors_total") > 0 for replica in frozen])

    await wait_until(commit_failed, "the commits of the frozen replicas fail")
    await asyncio.gather(*map(harness.wait_until_current, FAMILIES))
    for replica, batch in zip(frozen, batches, strict=True):
        applied = harness.trace(replica, "applied")
        assert not any(changed for records, changed in applied if set(batch) & {tuple(record) for record in records})
    assert await harness.differences(workload) == []
