"""The sample set through the real services, in any order: its own figures, which nobody's code has computed."""

import asyncio
import gzip
from collections import Counter

import orjson

from shared.contracts.route import is_blank
from tests.oracle import KEYS, differences, shuffled
from tests.product import SAMPLE, Product

AS_OF = "2026-07-01T00:00:00+00:00"
WITHOUT_MEMBERS = ("all", "unknown")
"""Segments that hold the same whether or not it is known who is a member of the third."""

OF_PERSONS = ("fcr_confirmed", "fcr_client", "revolving")
"""Views that follow merges, which the families do not know yet."""


def unpacked(name: str) -> bytes:
    return gzip.decompress((SAMPLE / name).read_bytes())


async def test_the_sample_set(product: Product) -> None:
    lines, sample = unpacked("events.jsonl.gz").split(b"\n"), orjson.loads(unpacked("figures.json.gz"))
    await product.start_all()
    await product.load(shuffled([line for line in lines if not is_blank(line)], 4))
    await product.wait()

    letters = await product.fetch("select reason from ingest.dead_letter")
    assert Counter(row["reason"] for row in letters) == Counter(row["reason"] for row in sample["rejected"])
    query = "select * from figures.{} where segment = any($1)"
    views = {view: keys for view, keys in KEYS.items() if view not in OF_PERSONS}
    reading = (product.fetch(query.format(view), WITHOUT_MEMBERS, as_of=AS_OF) for view in views)
    for (view, keys), found in zip(views.items(), await asyncio.gather(*reading), strict=True):
        expected = [row for row in sample["figures"][view] if row["segment"] in WITHOUT_MEMBERS]
        assert len(expected) > 1000, view
        assert differences(expected, found, keys) == [], view
