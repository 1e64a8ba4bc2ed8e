"""Fixtures that several test files use."""

import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from services.ingest.gateway import Gateway
from services.ingest.gateway_http import SERVER_OPTIONS, EventsEndpoint
from services.ingest.gateway_tokens import Tokens
from shared.metrics import PipelineMetrics
from tests.unit.gateway_cases import MemoryCommit, RunningGateway
from tests.unit.ingest_cases import context


@pytest.fixture
def tokens() -> Tokens | None:
    return None


@pytest.fixture
async def gateway(tokens: Tokens | None) -> AsyncIterator[RunningGateway]:
    commit, registry, unavailable = MemoryCommit(), CollectorRegistry(), list[str]()
    logger = logging.getLogger("test-gateway")
    core = Gateway(context, commit, PipelineMetrics("ingest", registry), logger)
    endpoint = EventsEndpoint(core, tokens, lambda: bool(unavailable), logger)
    server = TestServer(endpoint.app())
    await server.start_server(**SERVER_OPTIONS)
    async with TestClient(server) as client:
        yield RunningGateway(commit, client, registry, unavailable)
