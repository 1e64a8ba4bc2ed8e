"""Properties of ranks: the encoded bytes compare like tuples, and can be decoded."""

from datetime import UTC

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.rank import RankParts, decode_rank, encode_rank

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)
RANKS = st.builds(
    RankParts,
    revision=st.integers(1, 3) | st.integers(1, 10**25),
    time=st.datetimes(timezones=st.just(UTC)),
    source=TEXTS,
    id=TEXTS,
    digest=st.binary(min_size=32, max_size=32),
)


def encoded(parts):
    return encode_rank(parts.revision, parts.time, parts.source, parts.id, parts.digest)


@given(RANKS)
def test_rank_can_be_decoded(parts):
    assert decode_rank(encoded(parts)) == parts


@given(RANKS, RANKS, st.integers(0, 5))
@settings(max_examples=500)
def test_bytes_compare_as_tuples(one, other, shared):
    names = list(RankParts.__slots__)
    mixed = RankParts(**{n: getattr(one if place < shared else other, n) for place, n in enumerate(names)})
    assert (one < mixed) == (encoded(one) < encoded(mixed))
    assert (one == mixed) == (encoded(one) == encoded(mixed))
