"""A server hangs or its host vanishes: /readyz names it, senders get an answer in time, nothing is lost."""

import asyncio
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from io import BytesIO

import aiohttp
import pytest

from deploy.hva.context import VerbError
from tests.conftest import ServerUnderTest
from tests.fault.harness import FAMILIES, Harness, start_together
from tests.fault.network import Network
from tests.fault.workload import default_workload
from tests.replica import wait_until, wait_until_available, wait_until_unavailable

# docs/operations.md promises 15, 10 and 30 s. The tests allow more, because the machine may be busy with other
# work. A hang that is not detected takes more than 90 s.
REPORTED_S, ANSWERED_S, RECOVERED_S = 80.0, 60.0, 80.0
REJECTED = (
    b'{"specversion": "1.0", "id": "sent-by-http", "source": "urn:hva:oma-hame:acd", "time": "2026-05-01T10:00:00Z",'
    b' "type": "fi.hva.contact.recorded.v1", "data": {}}'
)
STRUCTURED = {"Content-Type": "application/cloudevents+json"}


async def post_rejected(url: str) -> int:
    """Send an event that becomes a dead letter. Returns the status of the answer, which must come in time."""
    timeout = aiohttp.ClientTimeout(ANSWERED_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(url, data=BytesIO(REJECTED), headers=STRUCTURED) as answer,
    ):
        assert await answer.json()
        return answer.status


@pytest.mark.parametrize("name", ["postgres", "kafka"])
async def test_hanging_server_is_reported_and_nothing_is_lost(
    name: str, harness: Harness, kafka_server: ServerUnderTest, postgres_server: ServerUnderTest
) -> None:
    workload = default_workload()
    await harness.product.load(workload.lines)
    harness.product.environment["HVA_GATEWAY_PORT"] = "0"
    replicas = await start_together(
        harness.start("ingest", "hold@published#3"),
        *(harness.start(family, "hold@in_transaction#2") for family in FAMILIES),
    )
    ingest, *families = replicas
    url = await ingest.gateway()
    await asyncio.gather(
        harness.wait_for_mark("held-published", ingest),
        *(harness.wait_for_mark("held-in_transaction", family) for family in families),
    )
    with {"postgres": postgres_server, "kafka": kafka_server}[name].paused():
        for replica in replicas:
            harness.release(replica)
        # The gateway has not detected the hang yet. A rejected event needs only PostgreSQL.
        _, first = await asyncio.gather(wait_until_unavailable(replicas, name, within=REPORTED_S), post_rejected(url))
        assert first == (503 if name == "postgres" else 422)
        assert [await harness.metric(replica, "hva_ready") for replica in replicas] == [0, 0, 0, 0]
        assert await post_rejected(url) == 503
        with pytest.raises(VerbError, match=r"does not answer|behind|not in the figures"):
            await asyncio.wait_for(harness.product.wait(3), ANSWERED_S)
    await wait_until_available(replicas)
    assert await post_rejected(url) == 422
    await harness.product.wait()
    assert await harness.differences(replace(workload, rejected=workload.rejected + Counter(["schema"]))) == []


async def test_service_stops_while_postgres_hangs(harness: Harness, postgres_server: ServerUnderTest) -> None:
    nps = await harness.start("nps")
    with postgres_server.paused():
        nps.signal(signal.SIGTERM)
        assert await nps.ended() == 0


async def test_vanished_host_is_reported_and_nothing_is_lost(harness: Harness) -> None:
    """The packets of nps are dropped; fcr has a proxy that acknowledges the data and discards it."""
    workload, product = default_workload(), harness.product
    async with AsyncExitStack() as stack:
        networks = {
            name: Network(product.database.dsn(f"hva_{name}"), drop_packets)
            for name, drop_packets in {"nps": True, "fcr": False}.items()
        }
        dsns = {name: await stack.enter_async_context(network.forwarding()) for name, network in networks.items()}
        replicas = await start_together(*(product.start(name, {"HVA_POSTGRES_URL": dsn}) for name, dsn in dsns.items()))
        for network in networks.values():
            network.vanish()
        await harness.send_ingested(workload)
        await wait_until_unavailable(replicas, "postgres")
        await wait_until(
            lambda: harness.metric(replicas[0], "hva_commit_errors_total"),
            "the kernel closes the connection of nps",
            RECOVERED_S,
        )
        for network in networks.values():
            network.come_back()
        started = time.monotonic()
        await asyncio.gather(
            wait_until_available(replicas, within=RECOVERED_S),
            *(harness.wait_until_current(name) for name in networks),
        )
        assert time.monotonic() - started < RECOVERED_S
        assert await harness.differences(workload) == []
