"""Deltas are sums: neither the order nor the batches of changes matter."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shared.deltas import BucketRow, Contribution, Deltas, Dimensions, Measure

MEASURE = Measure("m", ("code",), ("x", "y"))
DIMENSIONS = st.builds(
    Dimensions,
    st.dates(date(2026, 2, 27), date(2026, 3, 2)),
    st.integers(1, 2),
    st.sampled_from(["sms", "web"]),
    st.just("o"),
)
COLUMNS = st.sampled_from([(0,), (1,), (0, 1)])
CONTRIBUTIONS = st.builds(
    Contribution, st.just(MEASURE), DIMENSIONS, st.tuples(st.sampled_from("ab")), COLUMNS, st.integers(-2, 3)
)
SIGNED = st.lists(st.tuples(CONTRIBUTIONS, st.sampled_from([1, -1])), max_size=30)


def folded(changes: list[tuple[Contribution, int]]) -> Deltas:
    deltas = Deltas()
    for contribution, sign in changes:
        deltas.add([contribution], sign)
    return deltas


def rows(deltas: Deltas) -> list[BucketRow]:
    return sorted(deltas.rows().get(MEASURE, []))


@given(SIGNED, st.randoms(use_true_random=False))
def test_order_does_not_matter(changes: list[tuple[Contribution, int]], random: object) -> None:
    shuffled = list(changes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rows(folded(shuffled)) == rows(folded(changes))


@given(SIGNED)
def test_change_and_its_opposite_cancel_out(changes: list[tuple[Contribution, int]]) -> None:
    opposite = [(contribution, -sign) for contribution, sign in changes]
    assert rows(folded(changes + opposite)) == []
