"""More than one process on the same records: the county lock orders them, and whoever is late changes nothing."""

import asyncio
import signal
from collections import Counter

import pytest

from tests.fault.events import answered, erased
from tests.fault.stage import Stage, both, judged, usual_log
from tests.product import until

SOMEONE = {"local_id": "A1"}


async def erasure_beside_facts(stage: Stage, owners: int, mutant: str) -> list[str]:
    """Erase a client while a batch with facts of hers is uncommitted; returns what came out wrong.

    Without the county lock the erasure finds nothing to erase, and the facts are committed after it.
    """
    facts, erasure = [answered(f"r{n}", client=SOMEONE) for n in range(20)], erased("x", SOMEONE)
    await stage.start("ingest")
    holder = await stage.start("nps", "hold@in_transaction#1", mutant=mutant)
    await stage.product.load(facts)
    assert await stage.mark("held-in_transaction", holder)
    if owners == 2:
        await stage.start("nps", mutant=mutant, owner=".second")
    await stage.product.load([erasure])

    async def erasing() -> bool:
        return await stage.waiting_for_lock() or bool(await stage.product.fetch("select 1 from nps.erased"))

    await until(erasing, "the erasure waits for the facts, or overtakes them")
    waited = await stage.waiting_for_lock()
    stage.release(holder)
    await stage.product.wait()
    if owners == 2:
        await stage.settled("nps", ".second")
    assert waited or mutant
    return await stage.wrong(judged([*facts, erasure]))


@pytest.mark.parametrize("owners", [1, 2])
async def test_an_erasure_waits_for_facts_in_flight(stage: Stage, owners: int) -> None:
    assert await erasure_beside_facts(stage, owners, "") == []


@pytest.mark.parametrize("owners", [1, 2])
async def test_without_the_county_lock_it_is_noticed(stage: Stage, owners: int) -> None:
    assert await erasure_beside_facts(stage, owners, "no_county_lock") != []


async def test_two_live_owners_of_all_records(stage: Stage) -> None:
    log = usual_log()
    await stage.ingested(log)
    one, other = await both(
        stage.start("nps", "hold@in_transaction#2", ready=False, batch=100),
        stage.start("nps", ready=False, batch=100, owner=".second"),
    )
    await stage.mark("held-in_transaction", one)
    await until(stage.waiting_for_lock, "one waits for the other")
    stage.release(one)
    await asyncio.gather(stage.settled("nps"), stage.settled("nps", ".second"))
    assert await stage.wrong(log) == []
    assert set(stage.handled(one)) == set(stage.handled(other))


async def test_replicas_come_and_go_in_mid_batch(stage: Stage) -> None:
    log = usual_log()
    await stage.ingested(log)
    holder = await stage.start("nps", "hold@in_transaction#5", ready=False)
    batch = await stage.mark("held-in_transaction", holder)
    joined = await both(*(stage.start("nps", ready=False) for _ in range(2)))
    await until(lambda: all(map(stage.handled, joined)), "partitions have moved to those who joined")
    stage.release(holder)
    holder.signal(signal.SIGTERM)
    assert await holder.ended() == 0
    await stage.settled("nps")

    assert await stage.wrong(log) == []
    deliveries = Counter(place for replica in stage.product.replicas for place in stage.handled(replica))
    assert all(deliveries[place] > 1 for place in batch), "what the leaving one held came again elsewhere"


async def test_frozen_owner(stage: Stage) -> None:
    """SIGSTOP inside a transaction: the lock is freed by the server's time limit, the late owner changes nothing."""
    log = usual_log()
    await stage.ingested(log)
    frozen = await stage.start("nps", "hold@in_transaction#5", ready=False)
    batch = await stage.mark("held-in_transaction", frozen)
    frozen.signal(signal.SIGSTOP)
    second = await stage.start("nps")
    await stage.settled("nps")
    assert await stage.wrong(log) == [] and set(batch) <= set(stage.handled(second))

    stage.release(frozen)
    frozen.signal(signal.SIGCONT)

    async def tried_again() -> bool:
        return await stage.metric(frozen, "hva_commit_errors_total") > 0

    await until(tried_again, "the thawed owner finds its transaction gone")
    await stage.settled("nps")
    assert await stage.metric(frozen, "hva_records_total", {"outcome": "applied", "topic": batch[0][0]}) == 0
    assert await stage.wrong(log) == []
