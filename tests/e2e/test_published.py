"""The tables that the real services publish: every row equals the figures or is suppressed without any number."""

from datetime import datetime
from typing import Any

import asyncpg

from deploy.hva.publish import request_publication
from shared.disclosure.model import VIEWS
from shared.publication.protection import keys_of, published
from tests.deadlines import DEADLINE_S
from tests.oracle import adversarial
from tests.product import SAMPLE, Product

Rows = dict[tuple[Any, ...], dict[str, Any]]


async def test_every_published_row_is_exact_or_suppressed(product: Product) -> None:
    lines = adversarial(3, 600, SAMPLE / "config")
    await product.start_all()
    await product.load(lines)
    await product.wait()
    await product.let_publish()
    states = await request_publication(product.connection().postgres_steward, None, None, DEADLINE_S)
    assert all(state["total"] == state["done"] > 0 for state in states.values())
    await product.wait(published=True)

    publications = {
        (row["family"], row["county"], row["year"]): row["published_at"]
        for row in await product.fetch("select * from report.publication")
    }
    exact_rows = 0
    for name, view in VIEWS.items():
        published_rows = _by_key(name, await _fetch_as_reader(product, f"select * from report.{name}"))
        exact: Rows = {}
        for (family, county, year), published_at in publications.items():
            if family == view.family:
                exact |= await _exact(product, name, county, year, published_at)
        assert published_rows.keys() == exact.keys(), name
        for key, row in published_rows.items():
            if row["suppressed"]:
                assert all(value is None for column, value in row.items() if column not in _never_suppressed(name)), key
            else:
                assert {column: row[column] for column in exact[key]} == exact[key], key
                exact_rows += 1
    assert exact_rows > 300
    assert await product.fetch("select from report.code where key = 'channel' and not named") == []
    freshness = await product.fetch("select sum(accepted) as accepted, count(distinct stream) from report.freshness")
    assert freshness[0]["accepted"] > 0 and freshness[0]["count"] == 3


async def _exact(product: Product, view: str, county: str, year: int, at: datetime) -> Rows:
    """The exact rows of a published view for a county and year, as of the time of their publication."""
    query = (
        f"select * from figures.{view} f where county = $1 and period >= $2 and period < $3 and case period_kind "
        "when 'day' then period::date <= reference.as_of_day() else (select first_day <= reference.as_of_day() "
        "from reference.period p where (p.period_kind, p.period) = (f.period_kind, f.period)) end"
    )
    rows = await product.fetch(query, county, f"{year:04}", f"{year + 1:04}", as_of=at.isoformat())
    return _by_key(view, [row for _, row in published(view, rows)])


def _by_key(view: str, rows: list[dict[str, Any]]) -> Rows:
    return {tuple(row[key] for key in keys_of(view)): row for row in rows}


def _never_suppressed(view: str) -> set[str]:
    return {*keys_of(view), "state", "suppressed", "low_n", "published_at"}


async def _fetch_as_reader(product: Product, query: str) -> list[dict[str, Any]]:
    """Rows of a query as role hva_reader."""
    connection = await asyncpg.connect(product.database.dsn("hva_reader"))
    try:
        return [dict(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
