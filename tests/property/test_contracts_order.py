"""Laws of the order of facts: bytes compare as tuples do, and nothing is lost in them."""

from datetime import UTC

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.order import RankParts, rank, unrank

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)
ORDERS = st.builds(
    RankParts,
    revision=st.integers(1, 3) | st.integers(1, 10**25),
    time=st.datetimes(timezones=st.just(UTC)),
    source=TEXTS,
    id=TEXTS,
    digest=st.binary(min_size=32, max_size=32),
)


def ranked(order):
    return rank(order.revision, order.time, order.source, order.id, order.digest)


@given(ORDERS)
@settings(deadline=None)
def test_the_parts_come_back(order):
    assert unrank(ranked(order)) == order


@given(ORDERS, ORDERS, st.integers(0, 5))
@settings(max_examples=500, deadline=None)
def test_bytes_compare_as_tuples(one, other, shared):
    names = list(RankParts.__slots__)
    mixed = RankParts(**{n: getattr(one if place < shared else other, n) for place, n in enumerate(names)})
    assert (one < mixed) == (ranked(one) < ranked(mixed))
    assert (one == mixed) == (ranked(one) == ranked(mixed))
