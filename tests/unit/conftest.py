"""Fixtures of more than one file of tests."""

import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from services.ingest.gateway import Gateway
from services.ingest.gateway_http import SERVER_OPTIONS, EventsEndpoint
from services.ingest.gateway_tokens import Tokens
from shared.metrics import PipelineMetrics
from tests.unit.gateway_cases import Kept, Standing
from tests.unit.ingest_cases import context


@pytest.fixture
def tokens() -> Tokens | None:
    return None


@pytest.fixture
async def gateway(tokens: Tokens | None) -> AsyncIterator[Standing]:
    kept, registry, away = Kept(), CollectorRegistry(), list[str]()
    logger = logging.getLogger("test-gateway")
    core = Gateway(context, kept, PipelineMetrics("ingest", registry), logger)
    door = EventsEndpoint(core, tokens, lambda: bool(away), logger)
    server = TestServer(door.app())
    await server.start_server(**SERVER_OPTIONS)
    async with TestClient(server) as client:
        yield Standing(kept, client, registry, away)
