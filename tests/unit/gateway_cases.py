"""A running gateway with an in-memory commit, and requests to it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from prometheus_client import CollectorRegistry

from services.ingest.validate import Accepted
from shared.batch import Applied
from shared.dead_letters import DeadLetter

MIB = 1024 * 1024
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
TOKEN = "correct-horse-battery-staple"


@dataclass
class MemoryCommit:
    """An in-memory commit. `fault` is called first and may raise an error."""

    accepted: list[Accepted] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    fault: Callable[[Sequence[Accepted]], None] = lambda events: None

    async def __call__(self, events: Sequence[Accepted], dead_letters: Sequence[DeadLetter]) -> Applied:
        await asyncio.sleep(0)
        self.fault(events)
        self.accepted += events
        self.dead_letters += dead_letters
        return Applied(len(events))

    async def publish(self, events: Sequence[Accepted]) -> None:
        self.accepted += events


@dataclass
class RunningGateway:
    """A running gateway. It answers 503 while `unavailable` names a server."""

    commit: MemoryCommit
    client: TestClient[Any, Any]
    registry: CollectorRegistry
    unavailable: list[str]

    async def post(self, body: bytes | object, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Return the status and the JSON body of the response."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = await self.send(raw, headers if headers is not None else STRUCTURED)
        return response.status, await response.json()

    async def send(self, body: bytes, headers: dict[str, str]) -> ClientResponse:
        # Otherwise the client adds a content type when the test gives none.
        return await self.client.post(
            "/events", data=BytesIO(body), headers=headers, skip_auto_headers=["Content-Type"]
        )

    def record_count(self, outcome: str) -> float:
        labels = {"service": "ingest", "topic": "gateway", "outcome": outcome}
        return self.registry.get_sample_value("hva_records_total", labels) or 0.0


def binary_request(event: dict[str, Any], **headers: str) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of an event in binary mode."""
    attributes = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    return json.dumps(event["data"]).encode(), {"Content-Type": "application/json", **attributes, **headers}
