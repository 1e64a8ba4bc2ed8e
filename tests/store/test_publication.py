"""Publication of the NPS family on a real PostgreSQL server, and what readers see of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from services.nps.metrics import GAUGES
from shared.gauges import LABELS, PublishedGauges
from shared.publication.protection import keys_of, views_of
from shared.publication.publish import publish
from shared.publication.snapshot import CountyYear
from tests.product import Database
from tests.store.test_nps_store import START, Store, answered, invited, nps, pool, registers

__all__ = ["nps", "pool", "registers"]

NOW = datetime(2026, 4, 2, 9, tzinfo=UTC)
UNIT = CountyYear("oma-hame", 2026)


@pytest.fixture
async def family(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database.dsn("hva_nps"))
    yield connection
    await connection.close()


@pytest.fixture
async def reader(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database.dsn("hva_reader"))
    yield connection
    await connection.close()


async def fill(nps: Store, small: int = 2) -> None:
    """Answers on four days: many from two units, and `small` a day from another."""
    units = ["keskus"] * 25 + ["hml-ta"] * 13 + ["tauko"] * small
    for day in range(4):
        at = START + timedelta(days=day)
        await nps.feed(
            *(answered(f"r{day}-{n}", at=at, unit=unit, score=n % 11) for n, unit in enumerate(units)),
            *(invited(f"i{day}-{n}", at=at) for n in range(12)),
        )


async def rows(connection: Any, schema: str, view: str, as_of: datetime = NOW) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a view by their keys."""
    await connection.execute("select set_config('hva.as_of', $1, false)", as_of.isoformat())
    found = map(dict, await connection.fetch(f"select * from {schema}.{view}"))
    return {tuple(row[key] for key in keys_of(view)): row for row in found}


@pytest.mark.parametrize("small", [2, 7])
async def test_reader_sees_exact_or_hidden_figures_of_the_same_keys(
    nps: Store, family: Any, reader: Any, small: int
) -> None:
    await fill(nps, small)
    assert await publish(family, "nps", UNIT, NOW)
    for view in views_of("nps"):
        exact, shown = await rows(family, "figures", view), await rows(reader, "report", view)
        assert shown.keys() <= exact.keys()
        for key, row in shown.items():
            numbers = {name: row[name] for name in exact[key] if name not in (*keys_of(view), "state")}
            if row["suppressed"]:
                assert set(numbers.values()) == {None} and not row["low_n"]
            else:
                assert {name: row[name] for name in exact[key]} == exact[key]
            assert (row["published_at"], row["state"]) == (NOW, exact[key]["state"])
    shown = await rows(reader, "report", "nps")
    unit = shown["oma-hame", "quarter", "2026Q1", "unit", "tauko", "all", "all"]
    assert (unit["n"], unit["suppressed"], unit["low_n"]) == ((None, True, False) if small == 2 else (28, False, True))


async def test_large_figures_are_shown(nps: Store, family: Any, reader: Any) -> None:
    await fill(nps, 7)
    assert await publish(family, "nps", UNIT, NOW)
    shown = await rows(reader, "report", "nps")
    county = shown["oma-hame", "quarter", "2026Q1", "county", "oma-hame", "all", "all"]
    assert (county["n"], county["suppressed"], county["low_n"]) == (180, False, False)
    day = shown["oma-hame", "day", "2026-03-01", "county", "oma-hame", "all", "all"]
    assert (day["n"], day["low_n"]) == (45, False)


async def test_gauges_show_published_figures(nps: Store, family: Any, pool: Any) -> None:
    await fill(nps, 7)
    registry = CollectorRegistry()
    gauges = PublishedGauges(GAUGES, registry, lambda: NOW)
    await gauges.refresh(pool)
    assert not [sample for metric in registry.collect() for sample in metric.samples]
    await publish(family, "nps", UNIT, NOW)
    await gauges.refresh(pool)
    labels = dict(zip(LABELS, ("oma-hame", "county", "oma-hame", "all", "all", "month_previous"), strict=True))
    assert registry.get_sample_value("hva_nps_responses", labels) == 180
    levels = {sample.labels["scope_level"] for metric in registry.collect() for sample in metric.samples}
    assert levels == {"county", "division", "result_area"}


async def test_rows_of_unit_that_becomes_sensitive_are_hidden(
    nps: Store, family: Any, reader: Any, database: Database
) -> None:
    await fill(nps, 2)
    key = ("oma-hame", "month", "2026-03", "unit", "tauko", "all", "all")
    await publish(family, "nps", UNIT, NOW)
    before = (await rows(reader, "report", "response"))[key]
    owner = await asyncpg.connect(database.dsn("hva_migrate"))
    await owner.execute("update reference.unit_row set sensitive = true where unit = 'tauko'")
    await owner.close()
    await publish(family, "nps", UNIT, NOW)
    after = (await rows(reader, "report", "response"))[key]
    assert (before["suppressed"], before["responses"]) == (False, 8)
    assert (after["suppressed"], after["responses"]) == (True, None)
