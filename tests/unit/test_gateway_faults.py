"""The gateway during outages and bugs, and the redrive of its dead letters."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from services.ingest import gateway as gateway_module
from services.ingest.redrive import make_attempt
from services.ingest.validate import Accepted
from tests.unit.gateway_cases import BATCH, STRUCTURED, RunningGateway, binary_request
from tests.unit.ingest_cases import ANSWERED, CONTACT, context, event


async def test_transient_error_is_answered_with_503_and_retry_after(gateway: RunningGateway) -> None:
    def fault(events: Sequence[Accepted]) -> None:
        raise ConnectionRefusedError

    gateway.commit.fault = fault
    for body, headers in ((event(CONTACT), STRUCTURED), ([event(CONTACT)], BATCH), (b"[", BATCH)):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = await gateway.send(raw, headers)
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert gateway.record_count("applied") == 0


async def test_commit_beyond_its_timeout_is_answered_with_503(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "COMMIT_TIMEOUT_S", 0.0)
    assert (await gateway.post(event(CONTACT)))[0] == 503


async def test_no_commit_is_attempted_while_a_server_is_known_to_be_down(gateway: RunningGateway) -> None:
    gateway.unavailable.append("kafka")
    assert (await gateway.post(event(CONTACT)))[0] == 503
    assert gateway.commit.accepted == []


async def test_bug_makes_a_dead_letter_of_one_event_only(gateway: RunningGateway) -> None:
    def fault(events: Sequence[Accepted]) -> None:
        if any(b'"bad"' in e.value for e in events):
            raise ZeroDivisionError("message with a value")

    gateway.commit.fault = fault
    batch = [event(CONTACT) | {"id": name} for name in ("a", "bad", "b")]
    status, results = await gateway.post(batch, BATCH)
    assert status == 200
    assert [item["outcome"] for item in results] == ["accepted", "rejected", "accepted"]
    assert (results[1]["reason"], results[1]["detail"]) == ("handler_bug", "ZeroDivisionError")
    assert len(gateway.commit.accepted) == 2
    assert (await gateway.post(batch[1]))[0] == 500


async def test_dead_letter_is_redriven_to_the_stream_of_its_type(gateway: RunningGateway) -> None:
    await gateway.post(event(ANSWERED, unit="tc"))
    await gateway.post(*binary_request(event(CONTACT, unit="tc")))
    before = context()

    class Contexts:
        def now(self) -> Any:
            return type(before)(
                dict(before.units) | {"oma-hame": frozenset({"tc"})}, None, before.themes, before.keyring, before.now
            )

    attempt = make_attempt(Contexts(), gateway.commit, "prefix.")  # type: ignore[arg-type]
    for dead_letter in gateway.commit.dead_letters:
        assert await attempt(dead_letter.record) is None  # type: ignore[arg-type]
    assert [e.topic for e in gateway.commit.accepted] == ["hva.feedback.v1", "hva.contact.v1"]
