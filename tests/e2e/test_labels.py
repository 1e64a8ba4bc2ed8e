"""Histories of the segment stream label the figures of both families, in services as they run."""

from datetime import date

from shared.contracts.catalogue import SEGMENT
from shared.contracts.segment import encode_history
from shared.edge.produce import make_producer
from tests.fault.events import COUNTY, answered, given, recorded
from tests.product import Product

ANNA, BERTTA = "k1." + "A" * 22, "k1." + "B" * 22


async def test_histories_label_the_figures_of_both_families(product: Product) -> None:
    await product.start_all()
    producer = make_producer(product.kafka, "test-segments")
    await producer.start()

    async def say(client: str, value: bytes | None) -> None:
        await producer.send_and_wait(product.topic_prefix + SEGMENT.name, value, client.encode())

    async def counted() -> dict[str, int]:
        """Responses and contacts of the county's March by segment, which both families tell alike."""
        await product.wait()
        keys = "period = '2026-03' and scope_level = 'county' and channel = 'all' and segment <> 'all'"
        answers = await product.fetch(f"select segment, responses as n from figures.response where {keys}")
        contacts = await product.fetch(f"select segment, handled as n from figures.fcr where {keys}")
        found, other = ({row["segment"]: row["n"] for row in rows} for rows in (answers, contacts))
        assert found == other
        return found

    try:
        await say(ANNA, encode_history(COUNTY, ANNA, 1, [(date(2026, 3, 1), None)]))
        await say(BERTTA, b"{}")
        await say(BERTTA, None)
        for client in (ANNA, BERTTA):
            mine = {"client": {"pid": client}}
            await product.load([answered(f"r-{client}", **mine), recorded(f"c-{client}", **mine)])
            await product.load([given(f"g-{client}", **mine)])
        await product.load([answered("nobody"), recorded("nobody")])
        assert await counted() == {"multidisciplinary": 1, "other": 1, "unknown": 1}

        await say(BERTTA, encode_history(COUNTY, BERTTA, 2, [(date(2026, 2, 1), date(2026, 4, 1))]))
        assert await counted() == {"multidisciplinary": 2, "unknown": 1}
        await say(BERTTA, encode_history(COUNTY, BERTTA, 1, []))
        await say(ANNA, encode_history(COUNTY, ANNA, 2, []))
        assert await counted() == {"multidisciplinary": 1, "other": 1, "unknown": 1}
    finally:
        await producer.stop()
    for family in ("nps", "fcr"):
        letters = await product.fetch(f"select reason, topic from {family}.dead_letter")
        assert letters == [{"reason": "undecodable", "topic": product.topic_prefix + SEGMENT.name}]
