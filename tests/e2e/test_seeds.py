"""The figures that counties have published, through the real services: exact ones, and as published."""

import asyncpg

from deploy.hva.publish import request_publication
from tests.deadlines import DEADLINE_S
from tests.product import Product
from tests.seeds import CONFIG, check, key_results
from tests.seeds.events import events
from tests.seeds.size import SMALL

AS_OF = "2026-06-01T12:00:00+03:00"
"""The day of the quarterly report."""


async def test_published_numbers_of_counties(product: Product) -> None:
    product.config_dir = CONFIG
    await product.start_all()
    await product.load(events(SMALL))
    await product.wait()
    assert await product.fetch("select reason from ingest.dead_letter") == []
    exact = await asyncpg.connect(product.database.dsn("hva_steward"), server_settings={"hva.as_of": AS_OF})
    try:
        assert check.problems(await check.tables(exact, "figures"), SMALL, exact=True) == []
    finally:
        await exact.close()

    await product.let_publish()
    await request_publication(product.connection().postgres_steward, None, None, DEADLINE_S)
    reader = await asyncpg.connect(product.database.dsn("hva_reader"))
    try:
        assert check.problems(await check.tables(reader, "report"), SMALL, exact=False) == []
        assert key_results.problems(await key_results.rows(reader)) == []
    finally:
        await reader.close()
