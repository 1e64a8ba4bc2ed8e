"""The gateway from request to answer, with a commit that only remembers what it was given."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from services.ingest import gateway as gateway_module
from services.ingest import gateway_http
from services.ingest.decode import Accepted
from services.ingest.gateway import Gateway
from services.ingest.gateway_http import Door
from services.ingest.gateway_tokens import Tokens
from services.ingest.redrive import make_attempt
from shared.batch import Applied
from shared.letters import Letter
from shared.metrics import PipelineMetrics
from tests.unit.ingest_cases import ANSWERED, CONTACT, HETU, PLAN, context, event

MIB = 1024 * 1024
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
TOKEN = "correct-horse-battery-staple"


@dataclass
class Kept:
    """A commit that keeps what it gets. `fault` may raise for what it is given."""

    accepted: list[Accepted] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    fault: Callable[[Sequence[Accepted]], None] = lambda events: None

    async def __call__(self, events: Sequence[Accepted], letters: Sequence[Letter]) -> Applied:
        await asyncio.sleep(0)
        self.fault(events)
        self.accepted += events
        self.letters += letters
        return Applied(len(events))

    async def publish(self, events: Sequence[Accepted]) -> None:
        self.accepted += events


@dataclass
class Standing:
    """A gateway that can be sent to."""

    kept: Kept
    client: TestClient[Any, Any]
    registry: CollectorRegistry
    away: list[str]

    async def post(self, body: bytes | object, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self.answer(raw, headers if headers is not None else STRUCTURED)
        return answer.status, await answer.json()

    async def answer(self, body: bytes, headers: dict[str, str]) -> ClientResponse:
        # Without this, the client would name a content type where the test gives none.
        return await self.client.post(
            "/events", data=BytesIO(body), headers=headers, skip_auto_headers=["Content-Type"]
        )

    def counted(self, outcome: str) -> float:
        labels = {"service": "ingest", "topic": "gateway", "outcome": outcome}
        return self.registry.get_sample_value("hva_records_total", labels) or 0.0


@pytest.fixture
def tokens() -> Tokens | None:
    return None


@pytest.fixture
async def gateway(tokens: Tokens | None) -> AsyncIterator[Standing]:
    kept, registry, away = Kept(), CollectorRegistry(), list[str]()
    logger = logging.getLogger("test-gateway")
    core = Gateway(context, kept, PipelineMetrics("ingest", registry), logger)
    door = Door(core, tokens, lambda: bool(away), logger)
    async with TestClient(TestServer(door.app())) as client:
        yield Standing(kept, client, registry, away)


def binary(what: dict[str, Any], **headers: str) -> tuple[bytes, dict[str, str]]:
    """An event in binary mode."""
    attributes = {f"ce-{name}": value for name, value in what.items() if name != "data"}
    return json.dumps(what["data"]).encode(), {"Content-Type": "application/json", **attributes, **headers}


async def test_a_structured_event_is_acknowledged(gateway: Standing) -> None:
    assert await gateway.post(event(CONTACT)) == (202, {"id": "e1", "outcome": "accepted"})
    assert [(e.topic, e.key) for e in gateway.kept.accepted] == [("hva.contact.v1", b"c1")]
    assert (gateway.counted("applied"), gateway.counted("rejected")) == (1, 0)


async def test_without_a_content_type_an_event_is_structured(gateway: Standing) -> None:
    assert (await gateway.post(event(CONTACT), {}))[0] == 202


async def test_a_binary_event_becomes_the_same_as_a_structured_one(gateway: Standing) -> None:
    what = event(ANSWERED) | {"id": 'ä "1"%'}
    await gateway.post(what)
    status, told = await gateway.post(*binary(what | {"id": "%C3%A4%20%221%22%25"}))
    assert (status, told) == (202, {"id": 'ä "1"%', "outcome": "accepted"})
    first, second = gateway.kept.accepted
    assert first == second


async def test_events_of_every_stream_go_to_their_own_topic(gateway: Standing) -> None:
    for kind in (CONTACT, ANSWERED, PLAN):
        assert (await gateway.post(event(kind)))[0] == 202
    assert [e.topic for e in gateway.kept.accepted] == ["hva.contact.v1", "hva.feedback.v1", "hva.care.v1"]


@pytest.mark.parametrize(
    ("spoil", "status", "reason"),
    [
        ({"source": "urn:hva:nowhere:acd"}, 422, "unknown_source"),
        ({"type": "fi.hva.contact.recorded.v9"}, 422, "unknown_type"),
        ({"id": HETU}, 422, "personal_id"),
        ({"data": {"contact_id": "c1"}}, 422, "schema"),
        ({"data": event(CONTACT, unit="tc")["data"]}, 422, "unknown_unit"),
        ({"data": event(CONTACT, started_at="2099-05-01T10:00:00Z")["data"]}, 422, "future_time"),
        ({"specversion": "0.3"}, 400, "envelope"),
        ({"subject": "x" * MIB}, 413, "too_large"),
    ],
)
async def test_a_rejected_event_is_told_and_kept(
    gateway: Standing, spoil: dict[str, Any], status: int, reason: str
) -> None:
    got, told = await gateway.post(event(CONTACT) | spoil)
    assert (got, told["outcome"], told["reason"]) == (status, "rejected", reason)
    assert told.keys() == {"outcome", "reason", "detail"}
    assert HETU not in json.dumps(told)
    (letter,) = gateway.kept.letters
    assert letter.verdict.reason == reason
    assert letter.record.value == json.dumps(event(CONTACT) | spoil).encode()
    assert (gateway.kept.accepted, gateway.counted("rejected")) == ([], 1)


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"{", STRUCTURED, "undecodable"),
        (b"", STRUCTURED, "undecodable"),
        (b"{}", {"Content-Type": "application/cloudevents+avro"}, "undecodable"),
        (b"[]", STRUCTURED, "envelope"),
        (b"[]", BATCH | {"Content-Type": "application/cloudevents-batch+avro"}, "undecodable"),
        (json.dumps(event(CONTACT)).encode(), {"Content-Type": "application/json"}, "envelope"),
        (b"", {"Content-Type": "application/json", "ce-id": "a"}, "envelope"),
        (b"<a/>", {"Content-Type": "text/xml", "ce-id": "a"}, "envelope"),
    ],
)
async def test_what_is_no_event_is_told_and_kept(
    gateway: Standing, body: bytes, headers: dict[str, str], reason: str
) -> None:
    status, told = await gateway.post(body, headers)
    assert (status, told["reason"]) == (400, reason)
    assert [letter.record.value or b"" for letter in gateway.kept.letters] == [body]


async def test_a_code_of_a_person_in_a_header_rejects(gateway: Standing) -> None:
    status, told = await gateway.post(*binary(event(CONTACT), **{"ce-subject": HETU.lower()}))
    assert (status, told["reason"]) == (422, "personal_id")


async def test_other_headers_are_none_of_the_events_business(gateway: Standing) -> None:
    body, headers = binary(event(CONTACT) | {"type": "x"}, **{"Authorization": "Bearer a", "X-Person": HETU})
    assert (await gateway.post(body, headers))[1]["reason"] == "unknown_type"
    (letter,) = gateway.kept.letters
    assert [name for name, _ in letter.record.headers] == [
        "content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time",
    ]  # fmt: skip


async def test_four_mebibytes_get_through_and_no_more(gateway: Standing) -> None:
    raw = json.dumps(event(CONTACT)).encode()
    status, told = await gateway.post(raw + b" " * (4 * MIB - len(raw)))
    assert (status, told["reason"]) == (413, "too_large")
    assert len(gateway.kept.letters) == 1
    status, told = await gateway.post(raw + b" " * (4 * MIB + 1 - len(raw)))
    assert (status, told.keys()) == (413, {"error"})
    assert len(gateway.kept.letters) == 1


async def test_each_event_of_a_batch_is_judged_for_itself(gateway: Standing) -> None:
    one = json.dumps(event(CONTACT))
    deepest = one.replace('"data": {', '"data": {"x": ' + "[" * 62 + "]" * 62 + ", ")
    parts = [
        one,
        one.replace('"id":', '"id": "e0", "id":'),
        deepest,
        deepest.replace("[[", "[[[").replace("]]", "]]]"),
        json.dumps(event(ANSWERED) | {"id": "e2"}),
        json.dumps(event(CONTACT) | {"subject": "x" * MIB}),
        one.replace('"phone"', "NaN"),
        "7",
    ]
    status, told = await gateway.post(f"[{', '.join(parts)}]".encode(), BATCH)
    assert status == 200
    assert [item.get("id") or item["reason"] for item in told] == [
        "e1", "undecodable", "e1", "undecodable", "e2", "too_large", "undecodable", "envelope",
    ]  # fmt: skip
    assert [letter.record.value for letter in gateway.kept.letters] == [parts[n].encode() for n in (1, 3, 5, 6, 7)]
    assert (gateway.counted("applied"), gateway.counted("rejected")) == (3, 5)


async def test_a_batch_may_be_empty(gateway: Standing) -> None:
    assert await gateway.post(b" [ ] ", BATCH) == (200, [])


async def test_a_batch_without_an_array_is_kept_whole(gateway: Standing) -> None:
    body = b"[" + json.dumps(event(CONTACT)).encode()
    status, told = await gateway.post(body, BATCH)
    assert (status, told["reason"]) == (400, "undecodable")
    assert [letter.record.value for letter in gateway.kept.letters] == [body]
    assert gateway.kept.accepted == []


async def test_a_batch_is_bounded(gateway: Standing) -> None:
    assert (await gateway.post(b"[" + b"1," * gateway_http.MOST_EVENTS + b"1]", BATCH))[0] == 413
    assert (await gateway.post(b" " * (gateway_http.BATCH_LIMIT + 1), BATCH))[0] == 413
    assert gateway.kept.letters == []


async def test_a_rejected_event_sent_again_has_the_same_place(gateway: Standing) -> None:
    for _ in range(2):
        await gateway.post(event(CONTACT, unit="tc"))
        await gateway.post(*binary(event(CONTACT, unit="tc")))
    places = [(letter.record.topic, letter.record.partition, letter.record.offset) for letter in gateway.kept.letters]
    assert places[:2] == places[2:]
    assert len(set(places)) == 2


async def test_what_passes_by_itself_is_asked_for_again(gateway: Standing) -> None:
    def fault(events: Sequence[Accepted]) -> None:
        raise ConnectionRefusedError

    gateway.kept.fault = fault
    for body, headers in ((event(CONTACT), STRUCTURED), ([event(CONTACT)], BATCH), (b"[", BATCH)):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await gateway.answer(raw, headers)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert gateway.counted("applied") == 0


async def test_an_answer_comes_in_time(gateway: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "SETTLE_S", 0.0)
    assert (await gateway.post(event(CONTACT)))[0] == 503


async def test_while_it_is_known_that_nothing_can_be_settled_nothing_is_tried(gateway: Standing) -> None:
    gateway.away.append("kafka")
    assert (await gateway.post(event(CONTACT)))[0] == 503
    assert gateway.kept.accepted == []


async def test_an_event_that_our_code_cannot_stand_becomes_a_letter_alone(gateway: Standing) -> None:
    def fault(events: Sequence[Accepted]) -> None:
        if any(b'"bad"' in e.value for e in events):
            raise ZeroDivisionError("with a value in its text")

    gateway.kept.fault = fault
    batch = [event(CONTACT) | {"id": name} for name in ("a", "bad", "b")]
    status, told = await gateway.post(batch, BATCH)
    assert status == 200
    assert [item["outcome"] for item in told] == ["accepted", "rejected", "accepted"]
    assert (told[1]["reason"], told[1]["detail"]) == ("handler_bug", "ZeroDivisionError")
    assert len(gateway.kept.accepted) == 2
    assert (await gateway.post(batch[1]))[0] == 500


async def test_a_letter_is_tried_again_on_the_stream_of_its_type(gateway: Standing) -> None:
    await gateway.post(event(ANSWERED, unit="tc"))
    await gateway.post(*binary(event(CONTACT, unit="tc")))
    known = context()

    class Known:
        def now(self) -> Any:
            return type(known)(
                dict(known.units) | {"oma-hame": frozenset({"tc"})}, None, known.themes, known.keyring, known.now
            )

    attempt = make_attempt(Known(), gateway.kept, "prefix.")  # type: ignore[arg-type]
    for letter in gateway.kept.letters:
        assert await attempt(letter.record) is None  # type: ignore[arg-type]
    assert [e.topic for e in gateway.kept.accepted] == ["hva.feedback.v1", "hva.contact.v1"]


@pytest.mark.parametrize("tokens", [Tokens(["x" * 20, TOKEN])])
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        (TOKEN, 401),
        ("Bearer", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN}", 202),
        (f"bearer {'x' * 20}", 202),
    ],
)
async def test_a_token_is_needed_where_there_are_tokens(
    gateway: Standing, authorization: str | None, status: int
) -> None:
    headers = STRUCTURED if authorization is None else STRUCTURED | {"Authorization": authorization}
    answer = await gateway.answer(json.dumps(event(CONTACT)).encode(), headers)
    assert answer.status == status
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert len(gateway.kept.accepted) == (status == 202)


async def test_there_is_one_address(gateway: Standing) -> None:
    assert (await gateway.client.get("/events")).status == 405
    assert (await gateway.client.post("/", data=b"")).status == 404
