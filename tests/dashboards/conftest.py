"""A database that holds the published figures of the sample set: two counties, the second for its last months only.

The sample has the exact figures that a loaded run gives (`tests/e2e/test_sample.py`), and the product's writer
publishes them. Rows are hidden for their own size only: the whole disclosure control takes longer, and hides more of
the same.
"""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from deploy.hva.__main__ import build
from shared.disclosure.model import Cell, population
from shared.postgres.bootstrap import ROLES, bootstrap, dsn_for
from shared.postgres.migrate import migrate
from shared.postgres.registers import load
from shared.publication.protection import FAMILIES, Protected, Row, published, views_of
from shared.publication.replace import replace_published
from shared.publication.snapshot import CountyYear, read
from shared.registers import load_folder
from tests.conftest import ServerUnderTest
from tests.product import SAMPLE, SERVICES, Database

NOW = datetime(2026, 7, 1, tzinfo=UTC)
"""The time of the sample's figures."""
_SHORT = ("county", "period", "scope_level", "scope", "channel", "segment")
"""Keys with an option of their own in `hva figures`."""
PUBLISHED = (CountyYear("oma-hame", 2025), CountyYear("oma-hame", 2026), CountyYear("pirha", 2026))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def published_sample(postgres_server: ServerUnderTest) -> Database:
    """The database, published once for all tests of the run. They only read it."""
    database = Database(f"dashboards_{os.getpid()}", postgres_server.address)
    await bootstrap(database.admin, dict.fromkeys(ROLES, "test-only"), database.name)
    await migrate(dsn_for(database.admin, database.name, "hva_migrate", "test-only"), SERVICES)
    steward = await asyncpg.connect(database.dsn("hva_steward"))
    await load(steward, load_folder(SAMPLE / "config"))
    await steward.close()
    figures = orjson.loads(gzip.decompress((SAMPLE / "figures.json.gz").read_bytes()))["figures"]
    await asyncio.gather(*(_publish(database, family, figures) for family in FAMILIES))
    return database


async def _publish(database: Database, family: str, figures: dict[str, list[Row]]) -> None:
    connection = await asyncpg.connect(database.dsn(f"hva_{family}"))
    for county_year in PUBLISHED:
        snapshot = replace(await read(connection, family, county_year, NOW), cells=_cells(family, figures, county_year))
        await replace_published(connection, family, county_year, snapshot, _protected(snapshot.cells), NOW, lambda: 1.0)
    await connection.close()


def _cells(family: str, figures: dict[str, list[Row]], of: CountyYear) -> dict[Cell, Row]:
    cells: dict[Cell, Row] = {}
    for view in views_of(family):
        rows = (row for row in figures[view] if row["county"] == of.county and row["period"][:4] == str(of.year))
        cells.update(published(view, map(_with_infinity, rows)))
    return cells


def _protected(cells: Mapping[Cell, Row]) -> Protected:
    """The rows as they are published, with those of few people hidden."""
    small = {cell for cell, row in cells.items() if 0 < population(cell, row) < cell.view.minimum}
    return Protected(cells, small, [])


def _with_infinity(row: Row) -> Row:
    return {name: float("inf") if value == "Infinity" else value for name, value in row.items()}


@pytest.fixture
async def reader(published_sample: Database) -> AsyncIterator[Any]:
    """A session of the role that Grafana uses."""
    connection = await asyncpg.connect(published_sample.dsn("hva_reader"))
    yield connection
    await connection.close()


@pytest.fixture
def figures(published_sample: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `hva figures` and returns its rows."""
    monkeypatch.setenv("HVA_KAFKA_BOOTSTRAP", "none:1")
    monkeypatch.setenv("HVA_POSTGRES_URL", published_sample.dsn("hva_steward"))

    async def run(view: str, keys: dict[str, str]) -> list[dict[str, Any]]:
        further = {name: value for name, value in keys.items() if name not in _SHORT}
        words = [f"--{name.replace('_', '-')}={value}" for name, value in keys.items() if name not in further]
        words += [f"--where={name}={value}" for name, value in further.items()]
        result = await asyncio.to_thread(CliRunner().invoke, build(), ["figures", view, *words, "--json"])
        assert result.exit_code == 0, result.output
        found: list[dict[str, Any]] = orjson.loads(result.stdout)
        return found

    return run
