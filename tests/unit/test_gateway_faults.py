"""The gateway when something is away or our code fails, and its letters tried again."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from services.ingest import gateway as gateway_module
from services.ingest.decode import Accepted
from services.ingest.redrive import make_attempt
from tests.unit.gateway_cases import BATCH, STRUCTURED, Standing, binary
from tests.unit.ingest_cases import ANSWERED, CONTACT, context, event


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
    monkeypatch.setattr(gateway_module, "COMMIT_TIMEOUT_S", 0.0)
    assert (await gateway.post(event(CONTACT)))[0] == 503


async def test_while_it_is_known_that_nothing_can_be_settled_nothing_is_tried(gateway: Standing) -> None:
    gateway.is_unavailable.append("kafka")
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
    for dead_letter in gateway.kept.dead_letters:
        assert await attempt(dead_letter.record) is None  # type: ignore[arg-type]
    assert [e.topic for e in gateway.kept.accepted] == ["hva.feedback.v1", "hva.contact.v1"]
