"""Batches over HTTP: each event has its own result, and the size is limited."""

import json

from services.ingest import gateway_http
from tests.unit.gateway_cases import BATCH, MIB, RunningGateway
from tests.unit.ingest_cases import ANSWERED, CONTACT, event


async def test_each_event_of_a_batch_has_its_own_result(gateway: RunningGateway) -> None:
    valid = json.dumps(event(CONTACT))
    deepest = valid.replace('"data": {', '"data": {"x": ' + "[" * 62 + "]" * 62 + ", ")
    parts = [
        valid,
        valid.replace('"id":', '"id": "e0", "id":'),
        deepest,
        deepest.replace("[[", "[[[").replace("]]", "]]]"),
        json.dumps(event(ANSWERED) | {"id": "e2"}),
        json.dumps(event(CONTACT) | {"subject": "x" * MIB}),
        valid.replace('"phone"', "NaN"),
        "7",
    ]
    status, results = await gateway.post(f"[{', '.join(parts)}]".encode(), BATCH)
    assert status == 200
    assert [item.get("id") or item["reason"] for item in results] == [
        "e1", "undecodable", "e1", "undecodable", "e2", "too_large", "undecodable", "envelope",
    ]  # fmt: skip
    assert [dead_letter.record.value for dead_letter in gateway.commit.dead_letters] == [
        parts[n].encode() for n in (1, 3, 5, 6, 7)
    ]
    assert (gateway.record_count("applied"), gateway.record_count("rejected")) == (3, 5)


async def test_batch_may_be_empty(gateway: RunningGateway) -> None:
    assert await gateway.post(b" [ ] ", BATCH) == (200, [])


async def test_batch_that_is_no_array_becomes_one_dead_letter(gateway: RunningGateway) -> None:
    body = b"[" + json.dumps(event(CONTACT)).encode()
    status, result = await gateway.post(body, BATCH)
    assert (status, result["reason"]) == (400, "undecodable")
    assert [dead_letter.record.value for dead_letter in gateway.commit.dead_letters] == [body]
    assert gateway.commit.accepted == []


async def test_batch_over_a_limit_is_refused_without_a_dead_letter(gateway: RunningGateway) -> None:
    assert (await gateway.post(b"[" + b"1," * gateway_http.MAX_EVENTS + b"1]", BATCH))[0] == 413
    assert (await gateway.post(b" " * (gateway_http.BATCH_LIMIT + 1), BATCH))[0] == 413
    assert gateway.commit.dead_letters == []
