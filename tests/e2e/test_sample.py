"""The sample set, loaded in shuffled order, gives the figures that were supplied with it."""

import asyncio
import gzip
from collections import Counter

import orjson

from shared.contracts.route import is_blank
from tests.oracle import KEYS, differences, shuffled
from tests.product import SAMPLE, Product

AS_OF = "2026-07-01T00:00:00+00:00"


def unpack(name: str) -> bytes:
    return gzip.decompress((SAMPLE / name).read_bytes())


async def test_sample_set_gives_its_figures(product: Product) -> None:
    lines, sample = unpack("events.jsonl.gz").split(b"\n"), orjson.loads(unpack("figures.json.gz"))
    await product.start_all()
    await product.load(shuffled([line for line in lines if not is_blank(line)], 4))
    await product.wait()

    dead_letters = await product.fetch("select reason from ingest.dead_letter")
    assert Counter(row["reason"] for row in dead_letters) == Counter(row["reason"] for row in sample["rejected"])
    reading = (product.fetch(f"select * from figures.{view}", as_of=AS_OF) for view in KEYS)
    for (view, keys), found in zip(KEYS.items(), await asyncio.gather(*reading), strict=True):
        expected = sample["figures"][view]
        assert expected and differences(expected, found, keys) == [], view
