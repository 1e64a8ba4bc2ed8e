"""The label of a fact from its client, its label date and the client's history."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fcr import facts as fcr
from services.nps import facts as nps
from shared.labels import Intervals, label

CLIENT = "k1." + "A" * 22
FIRST, UNTIL, AGAIN = date(2026, 1, 1), date(2026, 3, 1), date(2026, 5, 1)
HISTORY: Intervals = [(FIRST, UNTIL), (AGAIN, None)]
ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date.min, "other"),
        (FIRST - ONE_DAY, "other"),
        (FIRST, "multidisciplinary"),
        (UNTIL - ONE_DAY, "multidisciplinary"),
        (UNTIL, "other"),
        (AGAIN - ONE_DAY, "other"),
        (AGAIN, "multidisciplinary"),
        (date.max, "multidisciplinary"),
    ],
)
def test_intervals_are_half_open(day: date, expected: str) -> None:
    assert label(CLIENT, day, HISTORY) == expected


def test_fact_without_client_is_unknown_on_any_day() -> None:
    assert label(None, FIRST, HISTORY) == label(None, None, HISTORY) == label(None, None) == "unknown"


def test_client_without_history_is_other() -> None:
    assert label(CLIENT, FIRST) == label(CLIENT, FIRST, []) == "other"


@given(
    st.lists(st.dates(date(2025, 1, 1), date(2027, 1, 1)), unique=True, max_size=7).map(sorted),
    st.dates(date(2024, 12, 1), date(2027, 2, 1)),
)
def test_day_after_an_odd_number_of_bounds_is_a_member_day(bounds: list[date], day: date) -> None:
    ends = [*bounds[1::2], None]
    history = list(zip(bounds[::2], ends, strict=False))
    odd = sum(bound <= day for bound in bounds) % 2 == 1
    assert label(CLIENT, day, history) == ("multidisciplinary" if odd else "other")


COMMON = {"county": "oma-hame", "id": "f1", "rank": b"", "retracted": False}


@pytest.mark.parametrize("kind", [nps.Invitation, nps.Feedback, nps.Response])
def test_feedback_fact_is_labelled_on_its_label_day(kind: type[nps.FeedbackFact]) -> None:
    """A response is labelled by its client, which may come from its invitation. Other facts use their own client."""
    name = "client" if "client" in kind._fields else "own_client"
    fact = kind(**COMMON, day=UNTIL, label_day=FIRST, segment="other", **{name: CLIENT})  # type: ignore[arg-type]
    found = nps.with_label(fact, {CLIENT: HISTORY})
    assert found.segment == "multidisciplinary"
    assert nps.with_label(found, {CLIENT: HISTORY}) is found
    assert nps.with_label(found, {}).segment == "other"


def test_contact_is_labelled_on_its_day() -> None:
    contact = fcr.Contact(**COMMON, day=AGAIN, own_client=CLIENT, segment="other")  # type: ignore[arg-type]
    found = fcr.with_label(contact, {CLIENT: HISTORY})
    assert found == contact._replace(segment="multidisciplinary")
    assert fcr.with_label(found, {CLIENT: HISTORY}) is found
    assert fcr.with_label(found, {}) == contact


@pytest.mark.parametrize("history", [{}, {CLIENT: HISTORY}])
def test_fact_without_client_and_day_stays_unknown(history: dict[str, Intervals]) -> None:
    contact = fcr.Contact(**COMMON)  # type: ignore[arg-type]
    response = nps.Response(**COMMON)  # type: ignore[arg-type]
    assert fcr.with_label(contact, history) is contact and nps.with_label(response, history) is response
