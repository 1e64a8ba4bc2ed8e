"""More than one process on the same records: the county lock orders them, and whoever is late changes nothing."""

import asyncio
import signal
from collections import Counter

import pytest

from shared.contracts.catalogue import SEGMENT
from tests.fault.events import answered, erased, recorded, visited
from tests.fault.locks import waiting_for_county
from tests.fault.log import judged, usual_log
from tests.fault.stage import FAMILIES, Stage, both, told_by
from tests.replica import until

SOMEONE = {"local_id": "A1"}


async def erasure_beside_facts(stage: Stage, owners: int, mutant: str) -> list[str]:
    """Erase a client while batches with facts of hers are uncommitted in all families; returns what came out wrong.

    Without the county lock the erasure finds nothing to erase, and the facts are committed after it.
    """
    facts = [make(f"r{n}", client=SOMEONE) for n in range(20) for make in (answered, recorded, visited)]
    erasure = erased("x", SOMEONE)
    point = "hold@in_transaction#1"
    _, *holders = await both(stage.start("ingest"), *(stage.start(f, point, mutant=mutant) for f in FAMILIES))
    await stage.product.load(facts)
    for holder in holders:
        assert await stage.mark("held-in_transaction", holder)
    if owners == 2:
        await both(*(stage.start(family, mutant=mutant, owner=".second") for family in FAMILIES))
    await stage.product.load([erasure])

    async def erasing() -> bool:
        waiting = await waiting_for_county(stage)
        return all([f in waiting or await stage.product.fetch(f"select 1 from {f}.erased") for f in FAMILIES])

    await until(erasing, "the erasure waits for the facts, or overtakes them")
    waited = await waiting_for_county(stage)
    for holder in holders:
        stage.release(holder)
    await stage.product.wait()
    for family in FAMILIES if owners == 2 else ():
        await stage.is_current(family, ".second")
    assert mutant or waited == set(FAMILIES)
    return await stage.wrong(judged([*facts, erasure]))


@pytest.mark.parametrize("owners", [1, 2])
async def test_an_erasure_waits_for_facts_in_flight(stage: Stage, owners: int) -> None:
    assert await erasure_beside_facts(stage, owners, "") == []


@pytest.mark.parametrize("owners", [1, 2])
async def test_without_the_county_lock_it_is_noticed(stage: Stage, owners: int) -> None:
    assert told_by(await erasure_beside_facts(stage, owners, "no_county_lock")) == set(FAMILIES)


async def test_two_live_owners_of_all_records(stage: Stage) -> None:
    log = usual_log()
    await stage.ingested(log)
    some = await both(*(stage.start(f, "hold@in_transaction#2", ready=False, batch=100) for f in FAMILIES))
    for one in some:
        await stage.mark("held-in_transaction", one)
    others = await both(*(stage.start(f, ready=False, batch=100, owner=".second") for f in FAMILIES))

    async def all_wait() -> bool:
        return await waiting_for_county(stage) == set(FAMILIES)

    await until(all_wait, "one waits for the other")
    for one in some:
        stage.release(one)
    await asyncio.gather(*(stage.is_current(family, owner) for family in FAMILIES for owner in ("", ".second")))
    assert await stage.wrong(log) == []
    for one, other in zip(some, others, strict=True):
        ours, theirs = (
            {place for place in stage.handled(replica) if not place[0].endswith(SEGMENT.name)}
            for replica in (one, other)
        )
        assert ours == theirs


async def test_replicas_come_and_go_in_mid_batch(stage: Stage) -> None:
    log = usual_log()
    await stage.ingested(log)
    holders = await both(*(stage.start(f, "hold@in_transaction#5", ready=False) for f in FAMILIES))
    batches = [await stage.mark("held-in_transaction", holder) for holder in holders]
    joined = await both(*(stage.start(f, ready=False) for f in FAMILIES for _ in range(2)))
    await until(lambda: all(map(stage.handled, joined)), "partitions have moved to those who joined")
    for holder in holders:
        stage.release(holder)
        holder.signal(signal.SIGTERM)
    assert [await holder.ended() for holder in holders] == [0] * len(FAMILIES)
    await asyncio.gather(*map(stage.is_current, FAMILIES))

    assert await stage.wrong(log) == []
    deliveries = Counter(place for replica in stage.product.replicas for place in stage.handled(replica))
    for batch in batches:
        assert all(deliveries[place] > 1 for place in batch), "what the leaving one held came again elsewhere"


async def test_frozen_owner(stage: Stage) -> None:
    """SIGSTOP inside a transaction: the lock is freed by the server's time limit, the late owner changes nothing."""
    log, applied = usual_log(), {"outcome": "applied"}
    await stage.ingested(log)
    frozen = await both(*(stage.start(f, "hold@in_transaction#5", ready=False, idle=None) for f in FAMILIES))
    batches = [await stage.mark("held-in_transaction", one) for one in frozen]
    before = [await stage.metric(one, "hva_records_total", applied) for one in frozen]
    for one in frozen:
        one.signal(signal.SIGSTOP)
    seconds = await both(*map(stage.start, FAMILIES))
    await asyncio.gather(*map(stage.is_current, FAMILIES))
    assert await stage.wrong(log) == []
    for batch, second in zip(batches, seconds, strict=True):
        assert set(batch) <= set(stage.handled(second))

    for one in frozen:
        stage.release(one)
        one.signal(signal.SIGCONT)

    async def tried_again() -> bool:
        return all([await stage.metric(one, "hva_commit_errors_total") > 0 for one in frozen])

    await until(tried_again, "the thawed owners find their transactions gone")
    await asyncio.gather(*map(stage.is_current, FAMILIES))
    assert [await stage.metric(one, "hva_records_total", applied) for one in frozen] == before
    assert await stage.wrong(log) == []
