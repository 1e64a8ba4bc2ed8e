"""A server that hangs, or whose host vanishes: /readyz names it, senders get an answer in time, nothing is lost."""

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
from tests.fault.log import usual_log
from tests.fault.network import Network
from tests.fault.stage import FAMILIES, Stage, both
from tests.replica import all_name, until

# The contract promises 15, 10 and 30 s. A machine that is busy with other work gets three times as much here; where a
# hang is not noticed, it takes 90 s and more.
NAMED_S, ANSWERED_S, BACK_S = 45.0, 30.0, 80.0
REJECTED = (
    b'{"specversion": "1.0", "id": "sent-by-http", "source": "urn:hva:oma-hame:acd", "time": "2026-05-01T10:00:00Z",'
    b' "type": "fi.hva.contact.recorded.v1", "data": {}}'
)


STRUCTURED = {"Content-Type": "application/cloudevents+json"}


async def sent(url: str) -> int:
    """What the gateway answers, in time, to an event that becomes a dead letter."""
    within = aiohttp.ClientTimeout(ANSWERED_S)
    async with (
        aiohttp.ClientSession(timeout=within) as session,
        session.post(url, data=BytesIO(REJECTED), headers=STRUCTURED) as answer,
    ):
        assert await answer.json()
        return answer.status


@pytest.mark.parametrize("name", ["postgres", "kafka"])
async def test_a_server_that_hangs(
    name: str, stage: Stage, kafka_server: ServerUnderTest, postgres_server: ServerUnderTest
) -> None:
    log = usual_log()
    await stage.product.load(log.lines)
    stage.product.environment["HVA_GATEWAY_PORT"] = "0"
    replicas = await both(
        stage.start("ingest", "hold@published#3"),
        *(stage.start(family, "hold@in_transaction#2") for family in FAMILIES),
    )
    ingest, *families = replicas
    url = await ingest.gateway()
    await asyncio.gather(
        stage.mark("held-published", ingest), *(stage.mark("held-in_transaction", family) for family in families)
    )
    with {"postgres": postgres_server, "kafka": kafka_server}[name].paused():
        for replica in replicas:
            stage.release(replica)
        # At first the gateway does not know yet. A rejected event needs PostgreSQL only.
        _, first = await asyncio.gather(all_name(replicas, name, within=NAMED_S), sent(url))
        assert first == (503 if name == "postgres" else 422)
        assert [await stage.metric(replica, "hva_ready") for replica in replicas] == [0, 0, 0, 0]
        assert await sent(url) == 503
        with pytest.raises(VerbError, match=r"does not answer|behind|not in the figures"):
            await asyncio.wait_for(stage.product.wait(3), ANSWERED_S)
    await all_name(replicas)
    assert await sent(url) == 422
    await stage.product.wait()
    assert await stage.wrong(replace(log, rejected=log.rejected + Counter(["schema"]))) == []


async def test_a_stop_while_postgres_hangs(stage: Stage, postgres_server: ServerUnderTest) -> None:
    nps = await stage.start("nps")
    with postgres_server.paused():
        nps.signal(signal.SIGTERM)
        assert await nps.ended() == 0


async def test_a_host_that_vanishes(stage: Stage) -> None:
    """One service sees its packets dropped, another has a proxy that acknowledges what it throws away."""
    log, product = usual_log(), stage.product
    async with AsyncExitStack() as stack:
        networks = {
            name: Network(product.database.dsn(f"hva_{name}"), packets)
            for name, packets in {"nps": True, "fcr": False}.items()
        }
        dsns = {name: await stack.enter_async_context(network.forwarding()) for name, network in networks.items()}
        replicas = await both(*(product.start(name, {"HVA_POSTGRES_URL": dsn}) for name, dsn in dsns.items()))
        for network in networks.values():
            network.vanish()
        await stage.ingested(log)
        await all_name(replicas, "postgres")
        await until(
            lambda: stage.metric(replicas[0], "hva_commit_errors_total"), "the kernel ends its connection", BACK_S
        )
        for network in networks.values():
            network.come_back()
        started = time.monotonic()
        await asyncio.gather(all_name(replicas, within=BACK_S), *(stage.is_current(name) for name in networks))
        assert time.monotonic() - started < BACK_S
        assert await stage.wrong(log) == []
