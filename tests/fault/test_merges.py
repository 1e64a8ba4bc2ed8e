"""Merges and their retractions come while facts of their clients do, and who handles them dies."""

import signal

from tests.fault.events import merged, taken_back
from tests.fault.lives import life, someone
from tests.fault.log import judged
from tests.fault.stage import Stage, both

PAIRS = 4


async def test_merges_in_flight_when_their_owner_dies(stage: Stage) -> None:
    """`fcr` dies with a merge in its transaction, `segments` with its retraction; that one is made again.

    Of every client some facts are there before, some come meanwhile, and some later.
    """
    clients = range(2 * PAIRS)
    flags = [life(n)[0] for n in clients[::2]]
    rest = [line for n in clients for line in life(n)[1 - n % 2 :]]
    stage.random.shuffle(rest)
    pairs = [(f"m{n}", someone(2 * n), someone(2 * n + 1)) for n in range(PAIRS)]
    joined = [merged(*pair) for pair in pairs]
    parted = [taken_back(2, merge_id=id) for id, *_ in pairs[1::2]]
    again = [merged(*pair, revision=3) for pair in pairs[1:2]]
    meanwhile = [[*joined, *rest[1::3]], [*parted, *rest[2::3], *again]]

    point = {"fcr": "in_transaction:m1", "segments": "in_transaction:m1:retracted"}
    _, _, fcr, segments = await both(
        stage.start("ingest", batch=20),
        stage.start("nps"),
        stage.start("fcr", f"kill@{point['fcr']}#1", batch=10),
        stage.start("segments", f"kill@{point['segments']}#1", batch=10),
    )
    for early in (flags, rest[::3]):  # a person is named by who came first: here by whom the other joins as a member
        await stage.product.load(early)
        await stage.product.wait()
    for lines, dying in zip(meanwhile, (fcr, segments), strict=True):
        await stage.product.load(lines)
        await stage.mark(f"killed-{point[dying.service]}", dying)
        assert await dying.ended() == -signal.SIGKILL
        await stage.start(dying.service, batch=10, ready=False)
        await stage.product.wait()

    assert await stage.wrong(judged(line for lines in (flags, rest[::3], *meanwhile) for line in lines)) == []
    left = await stage.product.fetch("select id from segments.merge where not retracted order by id")
    assert [row["id"] for row in left] == ["m0", "m1", "m2"]
