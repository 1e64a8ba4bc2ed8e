"""Facts and the membership of their clients come at the same time, to more than one owner, and some of them die."""

import signal

from tests.fault.lives import life
from tests.fault.log import judged
from tests.fault.stage import FAMILIES, Stage, both, told_by

CLIENTS = 12  # so many that each of two owners has some of them


async def test_labels_follow_whoever_dies(stage: Stage) -> None:
    """Two owners of all records of every family; one of each is killed in mid load, and begins again."""
    lines = [line for number in range(CLIENTS) for line in life(number)]
    stage.random.shuffle(lines)
    points = {"nps": "in_transaction", "fcr": "committed", "segments": "sent"}
    await stage.start("ingest", batch=20)
    one = (stage.start(family, f"kill@{points[family]}#1", ready=False, batch=10) for family in FAMILIES)
    other = (stage.start(family, ready=False, batch=10, owner=".second") for family in FAMILIES)
    replicas = await both(*one, *other)
    await stage.product.load(lines[::2])
    for replica in replicas[: len(FAMILIES)]:
        await stage.mark(f"killed-{points[replica.service]}", replica)
        assert await replica.ended() == -signal.SIGKILL
    await stage.product.load(lines[1::2])
    await both(*(stage.start(family, ready=False, batch=10) for family in FAMILIES))
    await stage.product.wait()
    for family in FAMILIES:
        await stage.is_current(family, ".second")
    assert await stage.wrong(judged(lines)) == []


async def killed_behind_a_commit(stage: Stage, mutant: str) -> list[str]:
    """Kill a replica of segments when the transaction of its batch is over; returns what came out wrong.

    Histories that it had not told by then would be told by nobody: the batch comes again, and changes nothing.
    """
    lines = [line for number in range(4) for line in life(number)]
    readers = (stage.start(family) for family in ("nps", "fcr"))
    _, dying, *_ = await both(
        stage.start("ingest"), stage.start("segments", "kill@committed#1", mutant=mutant), *readers
    )
    await stage.product.load(lines)
    await stage.mark("killed-committed", dying)
    await stage.start("segments", mutant=mutant, ready=False)
    await stage.product.wait()
    return await stage.wrong(judged(lines))


async def test_histories_are_there_with_their_batch(stage: Stage) -> None:
    assert await killed_behind_a_commit(stage, "") == []


async def test_an_outbox_that_is_written_after_the_commit_is_noticed(stage: Stage) -> None:
    assert told_by(await killed_behind_a_commit(stage, "outbox_after_commit")) == {"nps", "fcr"}
