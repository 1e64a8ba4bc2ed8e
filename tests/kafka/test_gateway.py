"""The gateway of a running ingest: the same verdicts and figures as by Kafka, and no loss when servers go down."""

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import oracle
from tests.conftest import ServerUnderTest
from tests.product import SAMPLE, Product
from tests.replica import Replica, wait_until

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
GATEWAY_ON = {"HVA_GATEWAY_PORT": "0"}
DEAD_LETTERS = "select reason, state, attempts, topic from ingest.dead_letter order by id"


def feedback_event(unit: str, **envelope: str) -> dict[str, Any]:
    data = {
        "response_id": "r1",
        "unit": unit,
        "channel": "web",
        "answered_at": "2026-05-01T10:00:00+03:00",
        "answers": [{"question": "recommend", "value": 10}],
    }
    kind, source, time = "fi.hva.feedback.answered.v1", "urn:hva:oma-hame:kysely", "2026-05-01T10:05:00+03:00"
    return {"specversion": "1.0", "id": "e1", "source": source, "type": kind, "time": time, "data": data} | envelope


def binary_mode(event: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    attributes = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    return to_json(event["data"]), {"Content-Type": "application/json", **attributes}


def to_json(value: object) -> bytes:
    return json.dumps(value).encode()


class Sender:
    """An upstream system that sends by HTTP."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.url = ""

    async def use(self, replica: Replica) -> None:
        """Send to the port that the replica says it listens on."""
        self.url = await replica.gateway()

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        headers = headers or STRUCTURED
        async with self._session.post(self.url, data=BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with aiohttp.ClientSession() as session:
        yield Sender(session)


async def test_verdicts_and_figures_equal_the_recomputation(product: Product, sender: Sender) -> None:
    ingest, *_ = await product.start_all(GATEWAY_ON)
    await sender.use(ingest)
    lines = oracle.adversarial(5, 600, SAMPLE / "config")
    registers = oracle.load(SAMPLE / "config")
    verdicts = oracle.judge_all(lines, registers, datetime.now(UTC))

    limit = asyncio.Semaphore(8)

    async def verdict_of(line: bytes) -> str:
        async with limit:
            _, item = await sender.post(line)
            return str(item.get("reason", item["outcome"]))

    found = await asyncio.gather(*(verdict_of(lines[number - 1]) for number, _ in verdicts))
    assert found == [getattr(verdict, "reason", "accepted") for _, verdict in verdicts]

    valid = [lines[number - 1] for number, verdict in verdicts if hasattr(verdict, "kind")]
    status, items = await sender.post(b"[" + b",\n".join(valid) + b"]", BATCH)  # again, as one batch
    assert (status, {item["outcome"] for item in items}, len(items)) == (200, {"accepted"}, len(valid))

    await product.wait()
    facts = oracle.current([v for _, v in verdicts if hasattr(v, "kind")], erasures=True)
    expected = oracle.views(facts, registers, AS_OF, oracle.Membership(facts, registers).label)
    for view, rows in expected.items():
        rows_found = await product.fetch(f"select * from figures.{view}", as_of=AS_OF.isoformat())
        assert oracle.differences(rows, rows_found, oracle.KEYS[view]) == [], view
    dead_letters = await product.fetch("select topic, reason from ingest.dead_letter")
    assert {dead_letter["topic"] for dead_letter in dead_letters} == {"gateway"}
    rejected = {lines[number - 1]: verdict.reason for number, verdict in verdicts if not hasattr(verdict, "kind")}
    assert sorted(dead_letter["reason"] for dead_letter in dead_letters) == sorted(rejected.values())


async def test_dead_letter_is_stored_once_and_redriven_for_a_new_unit(product: Product, sender: Sender) -> None:
    product.config_dir = Path(shutil.copytree(SAMPLE / "config", product.folder / "config"))
    ingest, *_ = await product.start_all(GATEWAY_ON)
    await sender.use(ingest)
    structured, binary = feedback_event("perustettu"), binary_mode(feedback_event("perustettu", id="e2"))
    for _ in range(2):
        assert (await sender.post(to_json(structured)))[1]["reason"] == "unknown_unit"
        assert (await sender.post(*binary))[1]["reason"] == "unknown_unit"
        assert (await sender.post(to_json([structured, structured]), BATCH))[1][1]["reason"] == "unknown_unit"
    expected = {"reason": "unknown_unit", "state": "open", "attempts": 1, "topic": "gateway"}
    assert await product.fetch(DEAD_LETTERS) == [expected, expected]

    with (product.config_dir / "units.csv").open("a") as units:
        units.write("oma-hame,perustettu,Uusi,Ny,New,avosairaanhoito,terveys,sote,hameenlinna,false,2023-01-01,\n")

    async def resolved() -> bool:
        return {dead_letter["state"] for dead_letter in await product.fetch(DEAD_LETTERS)} == {"resolved"}

    await wait_until(resolved, "the dead letters are resolved")
    await product.wait()
    rows = await product.fetch(
        "select responses from figures.response where scope = 'perustettu' and period_kind = 'year'"
    )
    assert {row["responses"] for row in rows} == {1}


async def test_gateway_answers_503_while_a_server_is_down_and_recovers(
    product: Product, sender: Sender, kafka_server: ServerUnderTest, postgres_server: ServerUnderTest
) -> None:
    await sender.use(await product.start("ingest", GATEWAY_ON, module="tests.kafka.short_timeout"))
    valid, invalid = to_json(feedback_event("hml-ta")), to_json(feedback_event("perustettu"))

    async def try_to_send(body: bytes) -> Any:
        status, item = await sender.post(body)
        return None if status == 503 else (status, item["outcome"])

    for server in (kafka_server, postgres_server):
        await asyncio.to_thread(server.stop, "immediate")
        assert [await try_to_send(body) for body in (valid, invalid)][server is postgres_server] is None
        await asyncio.to_thread(server.start)
        assert await wait_until(lambda: try_to_send(valid), f"{server.name} is back") == (202, "accepted")
        assert await wait_until(lambda: try_to_send(invalid), f"{server.name} is back") == (422, "rejected")
    assert len(await product.fetch(DEAD_LETTERS)) == 1


async def test_invalid_http_is_logged_as_a_warning_without_its_content(product: Product, sender: Sender) -> None:
    ingest = await product.start("ingest", GATEWAY_ON)
    await sender.use(ingest)
    host, port = sender.url.removeprefix("http://").removesuffix("/events").split(":")
    for header in (
        b"Authorization: Bearer correct\x01horse",
        b"ce-id 010594Y9032: 1",
        b"ce-id: " + b"010594Y9032" * 9999,
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /events HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
    log = ingest.log.read_text()
    assert (log.count('"a request is not valid HTTP"'), '"ERROR"' in log) == (3, False)
    assert "horse" not in log and "010594Y9032" not in log


async def test_token_is_required_and_sigterm_ends_the_gateway(product: Product, sender: Sender) -> None:
    tokens = product.folder / "gateway.tokens"
    tokens.touch(mode=0o600)
    tokens.write_text("correct-horse-battery-staple\n")
    replica = await product.start("ingest", GATEWAY_ON | {"HVA_GATEWAY_TOKEN_FILE": str(tokens)})
    await sender.use(replica)
    assert (await sender.post(to_json(feedback_event("hml-ta"))))[0] == 401
    headers = {**STRUCTURED, "Authorization": "Bearer correct-horse-battery-staple"}
    assert (await sender.post(to_json(feedback_event("hml-ta")), headers))[0] == 202

    port_in_use = sender.url.split(":")[2].split("/")[0]
    tokens.chmod(0o644)
    second, third = await asyncio.gather(
        product.start("ingest", {"HVA_GATEWAY_PORT": port_in_use}, ready=False),
        product.start("ingest", GATEWAY_ON | {"HVA_GATEWAY_TOKEN_FILE": str(tokens)}, ready=False),
    )
    assert (await second.ended(), await third.ended()) == (1, 1)
    assert "cannot listen on HVA_GATEWAY_PORT" in second.log.read_text()
    assert "open to others" in third.log.read_text()

    replica.signal(signal.SIGTERM)
    assert await replica.ended() == 0
    with pytest.raises(aiohttp.ClientConnectionError):
        await sender.post(to_json(feedback_event("hml-ta")), headers)
