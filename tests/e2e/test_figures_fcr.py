"""The first promise for the first-contact family: any order, any duplicates and batches, the recomputed figures."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.oracle import (
    FCR_KEYS,
    adversarial,
    current,
    differences,
    duplicated,
    fcr_views,
    judge_all,
    load,
    shuffled,
)
from tests.product import SAMPLE, Product

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("seed", [3, 4])
async def test_every_view_equals_the_recomputation(product: Product, seed: int) -> None:
    """`hva wait` follows every family, so that of feedback runs beside."""
    lines = adversarial(seed, 3000, SAMPLE / "config")
    registers = load(SAMPLE / "config")
    verdicts = judge_all(lines, registers, datetime.now(UTC))
    facts = current([v for _, v in verdicts if hasattr(v, "kind")], erasures=True, merges=False)
    expected = fcr_views(facts, registers, AS_OF)
    assert expected.keys() == FCR_KEYS.keys() and all(expected.values())

    product.environment["HVA_MAX_RECORDS"] = str([1000, 37][seed % 2])
    await asyncio.gather(*(product.start(service) for service in ("ingest", "nps", "fcr")))
    await product.load(duplicated(shuffled(lines, seed), seed, 0.1))
    await product.wait()

    for view, rows in expected.items():
        found = await product.fetch(f"select * from figures.{view}", as_of=AS_OF.isoformat())
        assert differences(rows, found, FCR_KEYS[view]) == [], view
    assert await product.fetch("select reason from fcr.dead_letter") == []
