"""Cells are counted beside the batches: by one replica at a time, and again where that one did not come to its end."""

from tests.fault.events import recorded
from tests.fault.locks import anyone_waits
from tests.fault.log import judged
from tests.fault.stage import Stage, both
from tests.replica import Replica, until

LINES = [recorded(f"c{n}", client={"local_id": f"A{n % 7}"}, reason="kuume") for n in range(20)]
PERIODS = 5  # two months, for who contacts in one may be revolving in the next; their quarters and the year


async def killed_while_counting(stage: Stage, mutant: str) -> list[str]:
    """Kill a replica when the cells of the third period, a quarter, are counted and it is still stale.

    Everything was handled before it began to count, so nothing but the mark tells the next replica of the period.
    Returns what came out wrong.
    """
    faults = "hold@counting#1,kill@counted#3"
    _, killed = await both(stage.start("ingest"), stage.start("fcr", faults, mutant=mutant))
    await stage.product.load(LINES)
    for service in ("ingest", "fcr"):
        await stage.committed(service)
    stage.release(killed)
    await stage.mark("killed-counted", killed)
    counted = [period for _, _, period in stage.told(killed, "counted")]
    stale = {row["period"] for row in await stage.product.fetch("select period from fcr.stale")}
    assert counted == ["2026-03", "2026-04", "2026Q1"]
    assert mutant or stale == {"2026Q1", "2026Q2", "2026"}

    await stage.start("fcr", mutant=mutant)
    await stage.is_current("fcr")
    return await stage.wrong(judged(LINES))


async def counting_at_once(stage: Stage, mutant: str) -> list[str]:
    """Let a replica stop with the cells of a period counted and not committed; returns what another one does."""
    _, one = await both(stage.start("ingest"), stage.start("fcr", "hold@counted#1", mutant=mutant))
    await stage.product.load(LINES)
    await stage.mark("held-counted", one)
    other = await stage.start("fcr", mutant=mutant)

    async def tried() -> bool:
        return len(stage.told(other, "counting")) >= PERIODS or await anyone_waits(stage)

    await until(tried, "the other has tried")
    beside = [f"counted beside the first: {period}" for period in stage.told(other, "counted")]
    if await anyone_waits(stage):
        return [*beside, "waits for the first"]
    stage.release(one)
    await stage.is_current("fcr")
    return beside + _errors(one, other) + await stage.wrong(judged(LINES))


def _errors(*replicas: Replica) -> list[str]:
    return [line for r in replicas for line in r.log.read_text().splitlines() if '"ERROR"' in line]


async def test_killed_while_it_counts(stage: Stage) -> None:
    assert await killed_while_counting(stage, "") == []


async def test_a_period_that_is_fresh_too_early_is_noticed(stage: Stage) -> None:
    wrong = await killed_while_counting(stage, "fresh_before_counted")
    assert {line.partition(" ")[0] for line in wrong} == {"fcr_client", "revolving"}


async def test_one_replica_counts_at_a_time(stage: Stage) -> None:
    assert await counting_at_once(stage, "") == []


async def test_replicas_that_count_at_once_are_noticed(stage: Stage) -> None:
    assert await counting_at_once(stage, "everyone_counts") != []
