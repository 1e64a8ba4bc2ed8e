"""Merges and their retractions come while facts of their clients do, and who handles them dies."""

import signal

from tests.fault.events import merged, taken_back
from tests.fault.lives import life, someone
from tests.fault.log import judged
from tests.fault.stage import Stage, both

PAIRS = 4


async def test_merges_in_flight_when_their_owner_dies(stage: Stage) -> None:
    """`fcr` dies with a merge in its transaction, `segments` with its retraction; every third is made again.

    Of every client some facts are there before, some come meanwhile, and some later.
    """
    lives = [line for number in range(2 * PAIRS) for line in life(number)]
    stage.random.shuffle(lives)
    pairs = [(f"m{n}", someone(2 * n), someone(2 * n + 1)) for n in range(PAIRS)]
    joined = [merged(*pair) for pair in pairs]
    parted = [taken_back(2, merge_id=id) for id, *_ in pairs[::2]]
    again = [merged(*pair, revision=3) for pair in pairs[::3]]
    loads = [lives[::3], [*joined, *lives[1::3]], [*parted, *lives[2::3], *again]]

    point = "in_transaction:m0"
    _, _, fcr, segments = await both(
        stage.start("ingest", batch=20),
        stage.start("nps"),
        stage.start("fcr", f"kill@{point}#1", batch=10),
        stage.start("segments", f"kill@{point}#2", batch=10),
    )
    await stage.product.load(loads[0])
    await stage.product.wait()
    for lines, dying in zip(loads[1:], (fcr, segments), strict=True):
        await stage.product.load(lines)
        await stage.mark(f"killed-{point}", dying)
        assert await dying.ended() == -signal.SIGKILL
        await stage.start(dying.service, batch=10, ready=False)
        await stage.product.wait()

    assert await stage.wrong(judged(line for lines in loads for line in lines)) == []
    left = await stage.product.fetch("select id from segments.merge where not retracted order by id")
    assert [row["id"] for row in left] == ["m0", "m1", "m3"]
