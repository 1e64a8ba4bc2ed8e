"""The same events in any order, with any duplicates and batches, give the recomputed figures."""

from datetime import UTC, datetime

import pytest

from tests.e2e.mixes import MIX_KEYS, expected_mixes, found_mixes
from tests.oracle import (
    KEYS,
    Care,
    adversarial,
    current,
    differences,
    duplicated,
    fcr_views,
    judge_all,
    load,
    shuffled,
    views,
)
from tests.oracle.compare import COHORT_KEYS
from tests.product import SAMPLE, SERVICES, Product

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_view_equals_the_recomputation(product: Product, seed: int) -> None:
    lines = adversarial(seed, 3000, SAMPLE / "config")
    registers = load(SAMPLE / "config")
    verdicts = judge_all(lines, registers, datetime.now(UTC))
    facts = current([v for _, v in verdicts if hasattr(v, "kind")], erasures=True)
    care = Care(facts, registers)
    label = care.membership.label
    expected = views(facts, registers, AS_OF, label) | fcr_views(facts, registers, AS_OF, label) | care.views(AS_OF)
    assert expected.keys() == KEYS.keys() and all(expected.values())
    mixes = expected_mixes(facts, registers, label, seed)

    product.environment["HVA_MAX_RECORDS"] = str([1000, 37][seed % 2])
    await product.start_all()
    await product.load(duplicated(shuffled(lines, seed), seed, 0.1))
    await product.wait()

    for view, rows in expected.items():
        found = await product.fetch(f"select * from figures.{view}", as_of=AS_OF.isoformat())
        assert differences(rows, found, KEYS[view]) == [], view

    for base, period in (("2025Q4", "2026Q1"), ("2026-01", "2026"), ("2026Q1", "2026Q1")):
        for county in ("oma-hame", "pirha"):
            cohort = care.fixed_cohort(county, base, period, AS_OF)
            query = "select * from figures.fixed_cohort($1, $2, $3)"
            found = await product.fetch(query, county, base, period, as_of=AS_OF.isoformat())
            assert differences(cohort, found, COHORT_KEYS) == [], (county, base, period)
    for family in SERVICES[1:]:
        assert await product.fetch(f"select reason from {family}.dead_letter") == []
    assert differences(mixes, await found_mixes(product, mixes), MIX_KEYS) == [], "nps_mix"
