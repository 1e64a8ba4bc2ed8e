"""Batches over HTTP: each event for itself, within bounds."""

import json

from services.ingest import gateway_http
from tests.unit.gateway_cases import BATCH, MIB, Standing
from tests.unit.ingest_cases import ANSWERED, CONTACT, event


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
    assert [dead_letter.record.value for dead_letter in gateway.kept.dead_letters] == [
        parts[n].encode() for n in (1, 3, 5, 6, 7)
    ]
    assert (gateway.counted("applied"), gateway.counted("rejected")) == (3, 5)


async def test_a_batch_may_be_empty(gateway: Standing) -> None:
    assert await gateway.post(b" [ ] ", BATCH) == (200, [])


async def test_a_batch_without_an_array_is_kept_whole(gateway: Standing) -> None:
    body = b"[" + json.dumps(event(CONTACT)).encode()
    status, told = await gateway.post(body, BATCH)
    assert (status, told["reason"]) == (400, "undecodable")
    assert [dead_letter.record.value for dead_letter in gateway.kept.dead_letters] == [body]
    assert gateway.kept.accepted == []


async def test_a_batch_is_bounded(gateway: Standing) -> None:
    assert (await gateway.post(b"[" + b"1," * gateway_http.MAX_EVENTS + b"1]", BATCH))[0] == 413
    assert (await gateway.post(b" " * (gateway_http.BATCH_LIMIT + 1), BATCH))[0] == 413
    assert gateway.kept.dead_letters == []
