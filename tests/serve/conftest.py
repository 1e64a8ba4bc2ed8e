"""The pages on a real database, with a report that is as short as possible and counts how often it is read."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from deploy.serve.database import Database as Pool
from deploy.serve.reports import Reports, Source
from deploy.serve.settings import ServeSettings
from deploy.serve.site import Site
from shared.clock import Clock
from tests.product import Database

NOW = datetime(2026, 4, 2, 9, tzinfo=UTC)
PUBLISHED = datetime(2026, 4, 2, 8, tzinfo=UTC)
COUNTY, OTHER = "oma-hame", "pirha"

Client = TestClient[Any, Any]
Serve = Callable[..., Awaitable[Client]]


@dataclass
class ShortReports:
    """A report that consists of one published number."""

    read: Counter[tuple[str, str]] = field(default_factory=Counter)

    def source(self) -> Source:
        return Source(
            self._read,
            {
                "html": lambda n, language: (
                    f"<html lang={language}><style>p {{}}</style><body><header></header><p>answers: {n}"
                ),
                "md": lambda n, language: f"answers: {n}",
                "csv": lambda n, language: f"answers\r\n{n}\r\n",
                "json": lambda n, language: f'{{"answers": {n}}}',
            },
        )

    async def _read(self, connection: Any, county: str, quarter: str) -> Any:
        self.read[county, quarter] += 1
        query = "select n from report.nps where county = $1 and period = $2 and scope_level = 'county'"
        return await connection.fetchval(query, county, quarter)


@pytest.fixture
def reports() -> ShortReports:
    return ShortReports()


@pytest.fixture
async def serve(reports: ShortReports) -> AsyncIterator[Serve]:
    """Starts the pages for a DSN and the addresses of services, at NOW or by another clock."""
    async with AsyncExitStack() as stack:

        async def start(dsn: str, services: Mapping[str, str] | None = None, clock: Clock = lambda: NOW) -> Client:
            pool = Pool(dsn)
            await pool.open()
            stack.push_async_callback(pool.close)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            site = Site(
                ServeSettings(dsn, services=services or {}),
                pool,
                session,
                Reports(pool, reports.source()),
                clock,
                logging.getLogger("hva.serve"),
            )
            return await stack.enter_async_context(TestClient(TestServer(site.app())))

        yield start


async def publish(database: Database, county: str = COUNTY, n: int = 120, at: datetime = PUBLISHED) -> None:
    """Write a publication of 2026 with one row, as its owner."""
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    await owner.execute("delete from report.nps where county = $1", county)
    await owner.execute(
        "insert into report.nps (county, period_kind, period, scope_level, scope, channel, segment, n, state, "
        "suppressed, low_n, published_at) values ($1, 'quarter', '2026Q1', 'county', $1, 'all', 'all', $2, 'final', "
        "false, false, $3)",
        county,
        n,
        at,
    )
    await owner.execute(
        "insert into report.publication (family, county, year, published_at, seconds, rows, hidden) "
        "values ('nps', $1, 2026, $2, 1.0, 8000, 2000) "
        "on conflict (family, county, year) do update set published_at = excluded.published_at",
        county,
        at,
    )
    await owner.close()


@pytest.fixture
async def published(database: Database) -> Database:
    """A database with a publication of one county."""
    await publish(database)
    return database
