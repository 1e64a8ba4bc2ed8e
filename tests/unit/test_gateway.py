"""Requests with one event to the gateway, and its responses."""

import json
from typing import Any

import pytest

from services.ingest.gateway_tokens import Tokens
from tests.unit.gateway_cases import BATCH, MIB, STRUCTURED, TOKEN, RunningGateway, binary_request
from tests.unit.ingest_cases import ANSWERED, CONTACT, HETU, PLAN, event


async def test_structured_event_is_accepted(gateway: RunningGateway) -> None:
    assert await gateway.post(event(CONTACT)) == (202, {"id": "e1", "outcome": "accepted"})
    assert [(e.topic, e.key) for e in gateway.commit.accepted] == [("hva.contact.v1", b"c1")]
    assert (gateway.record_count("applied"), gateway.record_count("rejected")) == (1, 0)


@pytest.mark.parametrize("revision", ["1E400", "1" + 400 * "0", "1e0", "9223372036854775808"])
async def test_event_with_a_long_number_is_accepted(gateway: RunningGateway, revision: str) -> None:
    body = json.dumps(event(CONTACT, revision="<>")).replace('"<>"', revision).encode()
    assert await gateway.post(body) == (202, {"id": "e1", "outcome": "accepted"})


async def test_event_without_a_content_type_is_structured(gateway: RunningGateway) -> None:
    assert (await gateway.post(event(CONTACT), {}))[0] == 202


async def test_binary_and_structured_mode_give_the_same_event(gateway: RunningGateway) -> None:
    sent = event(ANSWERED) | {"id": 'ä "1"%'}
    await gateway.post(sent)
    status, result = await gateway.post(*binary_request(sent | {"id": "%C3%A4%20%221%22%25"}))
    assert (status, result) == (202, {"id": 'ä "1"%', "outcome": "accepted"})
    first, second = gateway.commit.accepted
    assert first == second


async def test_events_of_every_stream_go_to_their_own_topic(gateway: RunningGateway) -> None:
    for type_ in (CONTACT, ANSWERED, PLAN):
        assert (await gateway.post(event(type_)))[0] == 202
    assert [e.topic for e in gateway.commit.accepted] == ["hva.contact.v1", "hva.feedback.v1", "hva.care.v1"]


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
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
async def test_rejected_event_is_reported_and_becomes_a_dead_letter(
    gateway: RunningGateway, changes: dict[str, Any], status: int, reason: str
) -> None:
    response_status, result = await gateway.post(event(CONTACT) | changes)
    assert (response_status, result["outcome"], result["reason"]) == (status, "rejected", reason)
    assert result.keys() == {"outcome", "reason", "detail"}
    assert HETU not in json.dumps(result)
    (dead_letter,) = gateway.commit.dead_letters
    assert dead_letter.verdict.reason == reason
    assert dead_letter.record.value == json.dumps(event(CONTACT) | changes).encode()
    assert (gateway.commit.accepted, gateway.record_count("rejected")) == ([], 1)


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
async def test_request_without_an_event_is_reported_and_becomes_a_dead_letter(
    gateway: RunningGateway, body: bytes, headers: dict[str, str], reason: str
) -> None:
    status, result = await gateway.post(body, headers)
    assert (status, result["reason"]) == (400, reason)
    assert [dead_letter.record.value or b"" for dead_letter in gateway.commit.dead_letters] == [body]


async def test_event_with_a_personal_identity_code_in_a_header_is_rejected(gateway: RunningGateway) -> None:
    status, result = await gateway.post(*binary_request(event(CONTACT), **{"ce-subject": HETU.lower()}))
    assert (status, result["reason"]) == (422, "personal_id")


async def test_headers_that_do_not_belong_to_the_event_are_ignored(gateway: RunningGateway) -> None:
    body, headers = binary_request(event(CONTACT) | {"type": "x"}, **{"Authorization": "Bearer a", "X-Person": HETU})
    assert (await gateway.post(body, headers))[1]["reason"] == "unknown_type"
    (dead_letter,) = gateway.commit.dead_letters
    assert [name for name, _ in dead_letter.record.headers] == [
        "content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time",
    ]  # fmt: skip


async def test_body_over_four_mebibytes_is_refused_without_a_dead_letter(gateway: RunningGateway) -> None:
    raw = json.dumps(event(CONTACT)).encode()
    status, result = await gateway.post(raw + b" " * (4 * MIB - len(raw)))
    assert (status, result["reason"]) == (413, "too_large")
    assert len(gateway.commit.dead_letters) == 1
    status, result = await gateway.post(raw + b" " * (4 * MIB + 1 - len(raw)))
    assert (status, result.keys()) == (413, {"error"})
    assert len(gateway.commit.dead_letters) == 1


async def test_rejected_event_that_is_sent_again_has_the_same_position(gateway: RunningGateway) -> None:
    for _ in range(2):
        await gateway.post(event(CONTACT, unit="tc"))
        await gateway.post(*binary_request(event(CONTACT, unit="tc")))
    positions = [
        (dead_letter.record.topic, dead_letter.record.partition, dead_letter.record.offset)
        for dead_letter in gateway.commit.dead_letters
    ]
    assert positions[:2] == positions[2:]
    assert len(set(positions)) == 2


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
async def test_valid_token_is_required_if_tokens_are_configured(
    gateway: RunningGateway, authorization: str | None, status: int
) -> None:
    headers = STRUCTURED if authorization is None else STRUCTURED | {"Authorization": authorization}
    response = await gateway.send(json.dumps(event(CONTACT)).encode(), headers)
    assert response.status == status
    assert response.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert len(gateway.commit.accepted) == (status == 202)


async def test_events_path_accepts_only_post(gateway: RunningGateway) -> None:
    assert (await gateway.client.get("/events")).status == 405
    assert (await gateway.client.post("/", data=b"")).status == 404
