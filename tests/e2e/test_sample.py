"""The sample set through the real services, in any order: its own figures, which nobody's code has computed."""

import asyncio
import gzip
from collections import Counter

import orjson

from shared.contracts.route import is_blank
from tests.oracle import KEYS, differences, shuffled
from tests.product import SAMPLE, Product

AS_OF = "2026-07-01T00:00:00+00:00"


def unpacked(name: str) -> bytes:
    return gzip.decompress((SAMPLE / name).read_bytes())


async def test_the_sample_set(product: Product) -> None:
    lines, sample = unpacked("events.jsonl.gz").split(b"\n"), orjson.loads(unpacked("figures.json.gz"))
    await product.start_all()
    await product.load(shuffled([line for line in lines if not is_blank(line)], 4))
    await product.wait()

    dead_letters = await product.fetch("select reason from ingest.dead_letter")
    assert Counter(row["reason"] for row in dead_letters) == Counter(row["reason"] for row in sample["rejected"])
    reading = (product.fetch(f"select * from figures.{view}", as_of=AS_OF) for view in KEYS)
    for (view, keys), found in zip(KEYS.items(), await asyncio.gather(*reading), strict=True):
        expected = sample["figures"][view]
        assert expected and differences(expected, found, keys) == [], view
