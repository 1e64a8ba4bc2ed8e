"""Facts and memberships of the same clients arrive together while replicas are killed."""

import signal

from tests.fault.clients import events_of_client
from tests.fault.harness import FAMILIES, Harness, families_of, start_together
from tests.fault.workload import workload_of

CLIENTS = 12  # enough that each replica gets some of them


async def test_labels_are_right_after_kills_during_load(harness: Harness) -> None:
    """Every family has two replicas that get all records. One is killed during the load and restarted."""
    lines = [line for number in range(CLIENTS) for line in events_of_client(number)]
    harness.random.shuffle(lines)
    points = {"nps": "in_transaction", "fcr": "committed", "segments": "commit_sent"}
    await harness.start("ingest", batch=20)
    killed = (harness.start(family, f"kill@{points[family]}#1", ready=False, batch=10) for family in FAMILIES)
    surviving = (harness.start(family, ready=False, batch=10, group_suffix=".second") for family in FAMILIES)
    replicas = await start_together(*killed, *surviving)
    await harness.product.load(lines[::2])
    for replica in replicas[: len(FAMILIES)]:
        await harness.wait_for_mark(f"killed-{points[replica.service]}", replica)
        assert await replica.ended() == -signal.SIGKILL
    await harness.product.load(lines[1::2])
    await start_together(*(harness.start(family, ready=False, batch=10) for family in FAMILIES))
    await harness.product.wait()
    for family in FAMILIES:
        await harness.wait_until_current(family, ".second")
    assert await harness.differences(workload_of(lines)) == []


async def kill_after_commit(harness: Harness, mutant: str) -> list[str]:
    """Kill a replica of segments right after the commit of a batch. Returns the differences.

    Histories that are not in the outbox by then are never published, because the redelivered batch changes nothing.
    """
    lines = [line for number in range(4) for line in events_of_client(number)]
    await harness.product.load(lines)
    await start_together(*(harness.start(service) for service in ("ingest", "nps", "fcr")))
    await harness.wait_until_current("ingest")
    killed = await harness.start("segments", "kill@committed#1", mutant=mutant, ready=False, batch=1000)
    await harness.wait_for_mark("killed-committed", killed)
    await harness.start("segments", mutant=mutant, ready=False)
    await harness.product.wait()
    return await harness.differences(workload_of(lines))


async def test_histories_are_stored_with_their_batch(harness: Harness) -> None:
    assert await kill_after_commit(harness, "") == []


async def test_outbox_written_after_the_commit_is_detected(harness: Harness) -> None:
    assert families_of(await kill_after_commit(harness, "outbox_after_commit")) == {"nps", "fcr"}
