"""The rows that the panels of a dashboard show, and the keys of figures to compare them with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.dashboards.boards import boards, queries
from tests.product import Database

KEYS = {"county": "oma-hame", "period": "2026Q1", "channel": "all", "segment": "all"}
OF_COUNTY = KEYS | {"scope_level": "county"}


async def rows_of(reader: Any, where: str, values: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of a panel: dashboard and title in English."""
    name, _, title = where.partition(": ")
    (query,) = [q for q in queries(name, boards()[f"en/{name}"]) if q.where == f"{name}: {title}"]
    return [dict(row) for row in await reader.fetch(query.expanded(values))]


@asynccontextmanager
async def undone(database: Database, role: str) -> AsyncIterator[Any]:
    """A session that may change published rows; what it does is undone."""
    connection = await asyncpg.connect(database.dsn(role))
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()
