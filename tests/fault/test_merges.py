"""Merges and retractions of merges arrive together with facts of their clients, and the replicas are killed."""

import signal

from tests.fault.clients import client_id, events_of_client
from tests.fault.events import care_retracted, client_merged
from tests.fault.harness import Harness, start_together
from tests.fault.workload import workload_of

PAIRS = 4


async def test_kill_during_a_merge_loses_nothing(harness: Harness) -> None:
    """`fcr` is killed in the transaction of a merge, `segments` in that of its retraction. Then the merge is repeated.

    Every client has facts before, between and after the merge and its retraction.
    """
    clients = range(2 * PAIRS)
    flags = [events_of_client(n)[0] for n in clients[::2]]
    rest = [line for n in clients for line in events_of_client(n)[1 - n % 2 :]]
    harness.random.shuffle(rest)
    pairs = [(f"m{n}", client_id(2 * n), client_id(2 * n + 1)) for n in range(PAIRS)]
    merges = [client_merged(*pair) for pair in pairs]
    retractions = [care_retracted(2, merge_id=id) for id, *_ in pairs[1::2]]
    repeated = [client_merged(*pair, revision=3) for pair in pairs[1:2]]
    batches = [[*merges, *rest[1::3]], [*retractions, *rest[2::3], *repeated]]

    point = {"fcr": "in_transaction:m1", "segments": "in_transaction:m1:retracted"}
    _, _, fcr, segments = await start_together(
        harness.start("ingest", batch=20),
        harness.start("nps"),
        harness.start("fcr", f"kill@{point['fcr']}#1", batch=10),
        harness.start("segments", f"kill@{point['segments']}#1", batch=10),
    )
    for early in (flags, rest[::3]):  # the first client names the person: here one who is a member before the merge
        await harness.product.load(early)
        await harness.product.wait()
    for lines, killed in zip(batches, (fcr, segments), strict=True):
        await harness.product.load(lines)
        await harness.wait_for_mark(f"killed-{point[killed.service]}", killed)
        assert await killed.ended() == -signal.SIGKILL
        await harness.start(killed.service, batch=10, ready=False)
        await harness.product.wait()

    assert (
        await harness.differences(workload_of(line for lines in (flags, rest[::3], *batches) for line in lines)) == []
    )
    remaining = await harness.product.fetch("select id from segments.merge where not retracted order by id")
    assert [row["id"] for row in remaining] == ["m0", "m1", "m2"]
