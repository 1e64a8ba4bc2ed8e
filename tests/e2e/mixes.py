"""`figures.nps_mix` for some pairs of periods: the recomputed rows and the rows of the product."""

from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import Any

from tests.oracle import Facts, Registers
from tests.oracle.nps import count, mix_of
from tests.product import Product

MIX_KEYS = ("county", "scope_level", "scope", "segment", "period_a", "period_b")
SAMPLE_SIZE = 150
_QUERY = f"""
select asked.*, mix.* from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  asked({", ".join(MIX_KEYS)}), figures.nps_mix({", ".join(f"asked.{key}" for key in MIX_KEYS)}) mix
"""


def expected_mixes(facts: Facts, registers: Registers, label: Any, seed: int) -> list[dict[str, Any]]:
    """A sample of cells in two consecutive periods, and one cell without answers in the second period."""
    counts = count(facts, registers, label)["nps"]
    periods: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for county, kind, period, level, scope, channel, segment in counts:
        if kind != "day" and channel != "all":
            periods[kind, county, level, scope, segment].add(period)
    candidates = [(*cell, *two) for (_, *cell), found in sorted(periods.items()) for two in pairwise(sorted(found))]
    chosen = Random(seed).sample(candidates, SAMPLE_SIZE)
    chosen.append((*chosen[0][:-1], "2199Q1"))
    mixes = [dict(zip(MIX_KEYS, cell, strict=True)) | mix_of(counts, *cell) for cell in chosen]
    assert sum(bool(mix["mix"] and mix["within"]) for mix in mixes) > SAMPLE_SIZE // 30, (
        "too few mixes have both effects"
    )
    assert [mix["change"] is None for mix in mixes] == [False] * SAMPLE_SIZE + [True]
    return mixes


async def found_mixes(product: Product, mixes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the product for the same keys."""
    return await product.fetch(_QUERY, *([mix[key] for mix in mixes] for key in MIX_KEYS))
