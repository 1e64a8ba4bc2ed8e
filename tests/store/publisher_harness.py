"""A publisher of the nps family that a test runs step by step."""

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.publication.metrics import PublicationMetrics
from shared.publication.publisher import Publisher, publish_in_process
from shared.publication.snapshot import CountyYear
from tests.product import Database
from tests.store.test_publication import NOW

HOUR = timedelta(hours=1)


class PublisherHarness:
    """A publisher with a clock that the test sets. It records what it publishes."""

    def __init__(self, database: Database, pool: Any) -> None:
        self.now, self.published, self.registry = NOW, list[CountyYear](), CollectorRegistry()
        self.in_process = publish_in_process(database.dsn("hva_nps"))
        self.pool, self.metrics = pool, PublicationMetrics("nps", self.registry, lambda: self.now)
        logger = logging.getLogger("test")
        self.publisher = Publisher("nps", pool, self._publish, self.metrics, HOUR, logger, lambda: self.now)

    async def _publish(self, family: str, unit: CountyYear, now: datetime) -> bool:
        self.published.append(unit)
        return await self.in_process(family, unit, now)

    async def run(self) -> list[CountyYear]:
        """Run the publisher once. Returns what it published."""
        self.published = []
        await self.publisher.run()
        await self.metrics.refresh(self.pool)
        return self.published

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"service": "nps", **labels})


@pytest.fixture
def harness(database: Database, pool: Any) -> PublisherHarness:
    return PublisherHarness(database, pool)
