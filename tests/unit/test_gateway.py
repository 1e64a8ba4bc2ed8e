"""The gateway from request to answer, for one event."""

import json
from typing import Any

import pytest

from services.ingest.gateway_tokens import Tokens
from tests.unit.gateway_cases import BATCH, MIB, STRUCTURED, TOKEN, Standing, binary
from tests.unit.ingest_cases import ANSWERED, CONTACT, HETU, PLAN, event


async def test_a_structured_event_is_acknowledged(gateway: Standing) -> None:
    assert await gateway.post(event(CONTACT)) == (202, {"id": "e1", "outcome": "accepted"})
    assert [(e.topic, e.key) for e in gateway.kept.accepted] == [("hva.contact.v1", b"c1")]
    assert (gateway.counted("applied"), gateway.counted("rejected")) == (1, 0)


@pytest.mark.parametrize("revision", ["1E400", "1" + 400 * "0", "1e0", "9223372036854775808"])
async def test_an_event_with_a_long_number_is_acknowledged(gateway: Standing, revision: str) -> None:
    body = json.dumps(event(CONTACT, revision="<>")).replace('"<>"', revision).encode()
    assert await gateway.post(body) == (202, {"id": "e1", "outcome": "accepted"})


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
    (dead_letter,) = gateway.kept.dead_letters
    assert dead_letter.verdict.reason == reason
    assert dead_letter.record.value == json.dumps(event(CONTACT) | spoil).encode()
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
    assert [dead_letter.record.value or b"" for dead_letter in gateway.kept.dead_letters] == [body]


async def test_a_code_of_a_person_in_a_header_rejects(gateway: Standing) -> None:
    status, told = await gateway.post(*binary(event(CONTACT), **{"ce-subject": HETU.lower()}))
    assert (status, told["reason"]) == (422, "personal_id")


async def test_other_headers_are_none_of_the_events_business(gateway: Standing) -> None:
    body, headers = binary(event(CONTACT) | {"type": "x"}, **{"Authorization": "Bearer a", "X-Person": HETU})
    assert (await gateway.post(body, headers))[1]["reason"] == "unknown_type"
    (dead_letter,) = gateway.kept.dead_letters
    assert [name for name, _ in dead_letter.record.headers] == [
        "content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time",
    ]  # fmt: skip


async def test_four_mebibytes_get_through_and_no_more(gateway: Standing) -> None:
    raw = json.dumps(event(CONTACT)).encode()
    status, told = await gateway.post(raw + b" " * (4 * MIB - len(raw)))
    assert (status, told["reason"]) == (413, "too_large")
    assert len(gateway.kept.dead_letters) == 1
    status, told = await gateway.post(raw + b" " * (4 * MIB + 1 - len(raw)))
    assert (status, told.keys()) == (413, {"error"})
    assert len(gateway.kept.dead_letters) == 1


async def test_a_rejected_event_sent_again_has_the_same_place(gateway: Standing) -> None:
    for _ in range(2):
        await gateway.post(event(CONTACT, unit="tc"))
        await gateway.post(*binary(event(CONTACT, unit="tc")))
    paths = [
        (dead_letter.record.topic, dead_letter.record.partition, dead_letter.record.offset)
        for dead_letter in gateway.kept.dead_letters
    ]
    assert paths[:2] == paths[2:]
    assert len(set(paths)) == 2


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
