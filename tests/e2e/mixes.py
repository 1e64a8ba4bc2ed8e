"""`figures.nps_mix` of some periods of a stream: the recomputation, and what the product says."""

from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import Any

from tests.oracle import Facts, Registers
from tests.oracle.nps import count, mix_of
from tests.product import Product

KEYS_OF_MIX = ("county", "scope_level", "scope", "segment", "period_a", "period_b")
MANY = 150
_QUERY = f"""
select asked.*, mix.* from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  asked({", ".join(KEYS_OF_MIX)}), figures.nps_mix({", ".join(f"asked.{key}" for key in KEYS_OF_MIX)}) mix
"""


def expected_mixes(facts: Facts, registers: Registers, label: Any, seed: int) -> list[dict[str, Any]]:
    """Some cells of several channels in two periods that follow each other, and one without an answer in one."""
    counts = count(facts, registers, label)["nps"]
    periods: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for county, kind, period, level, scope, channel, segment in counts:
        if kind != "day" and channel != "all":
            periods[kind, county, level, scope, segment].add(period)
    asked = [(*cell, *two) for (_, *cell), of in sorted(periods.items()) for two in pairwise(sorted(of))]
    chosen = Random(seed).sample(asked, MANY)
    chosen.append((*chosen[0][:-1], "2199Q1"))
    mixes = [dict(zip(KEYS_OF_MIX, cell, strict=True)) | mix_of(counts, *cell) for cell in chosen]
    assert sum(bool(mix["mix"] and mix["within"]) for mix in mixes) > MANY // 30, "channels come and go"
    assert [mix["change"] is None for mix in mixes] == [False] * MANY + [True]
    return mixes


async def found_mixes(product: Product, mixes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same out of the product."""
    return await product.fetch(_QUERY, *([mix[key] for mix in mixes] for key in KEYS_OF_MIX))
