"""Merges and their retractions come while facts of their clients do, and who handles them dies."""

import signal

from tests.fault.events import merged, taken_back
from tests.fault.lives import life, someone
from tests.fault.log import judged
from tests.fault.stage import FAMILIES, Stage, both

PAIRS = 6


async def test_merges_in_flight_when_their_owner_dies(stage: Stage) -> None:
    """`fcr` dies with a merge in its transaction, `segments` with the retraction of one; every third is made again."""
    lives = [line for number in range(2 * PAIRS) for line in life(number)]
    stage.random.shuffle(lives)
    pairs = [(f"m{n}", someone(2 * n), someone(2 * n + 1)) for n in range(PAIRS)]
    joined = [merged(*pair) for pair in pairs]
    parted = [taken_back(2, merge_id=id) for id, *_ in pairs[::2]]
    again = [merged(*pair, revision=3) for pair in pairs[::3]]
    half = len(lives) // 2
    first, second = [*joined, *lives[:half]], [*parted, *lives[half:], *again]

    points = {"fcr": "in_transaction:m0", "segments": "in_transaction:m0"}
    faults = {"fcr": "kill@in_transaction:m0#1", "segments": "kill@in_transaction:m0#2"}
    _, _, *dying = await both(
        stage.start("ingest", batch=20), stage.start("nps"), *(stage.start(f, faults[f], batch=10) for f in points)
    )
    for lines in (first, second):
        await stage.product.load(lines)
    for replica in dying:
        await stage.mark(f"killed-{points[replica.service]}", replica)
        assert await replica.ended() == -signal.SIGKILL
    await both(*(stage.start(family, batch=10, ready=False) for family in points))
    await stage.product.wait()

    assert await stage.wrong(judged([*first, *second])) == []
    assert len(await stage.product.fetch("select from segments.merge where not retracted")) == PAIRS - 2
    assert set(stage.families) == set(FAMILIES)
