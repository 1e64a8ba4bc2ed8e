"""What each feedback fact contributes, in worked examples."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.nps.domain import ANSWER, answer_class, contributions
from services.nps.facts import Feedback, FeedbackFact, Invitation, Response, tombstone
from shared.deltas import Deltas, Dimensions

DAY = date(2026, 3, 31)
COMMON: dict[str, Any] = {
    "county": "oma-hame",
    "id": "f1",
    "rank": b"",
    "retracted": False,
    "unit": "ta",
    "unit_row": 7,
    "channel": "sms",
    "day": DAY,
    "label_day": DAY,
    "segment": "other",
}


def counts_of(fact: FeedbackFact) -> dict[tuple[Any, ...], int]:
    """Return the number per (measure, *codes, name of the count)."""
    found: dict[tuple[Any, ...], int] = {}
    for measure, dimensions, codes, columns, amount in contributions(fact):  # type: ignore[arg-type]
        assert dimensions == Dimensions(DAY, 7, fact.channel or "", fact.segment)
        for column in columns:
            key = (measure.name, *codes, measure.counts[column])
            found[key] = found.get(key, 0) + amount
    return found


@pytest.mark.parametrize(
    ("question", "value", "column"),
    [("recommend", value, 0) for value in range(7)]
    + [("recommend", 7, 1), ("recommend", 8, 1), ("recommend", 9, 2), ("recommend", 10, 2)]
    + [("thl_next", value, value) for value in range(6)]
    + [("own question", value, value) for value in range(1, 6)]
    + [("pei_cope_illness", "dont_know", 0), ("pei_cope_situation", "same_or_less", 1)]
    + [("pei_cope_illness", "better", 2), ("pei_cope_situation", "much_better", 3)],
)
def test_answer_class_of_a_value(question: str, value: int | str, column: int) -> None:
    assert answer_class(question, value) == column


def test_response_counts_itself_its_comment_and_its_answers() -> None:
    answers = {"recommend": 9, "thl_next": 0, "pei_cope_illness": "better"}
    response = Response(**COMMON, counts=True, has_comment=True, answers=answers)
    assert counts_of(response) == {
        ("response_count", "responses"): 1,
        ("response_count", "with_comment"): 1,
        ("answer", "recommend", "a2"): 1,
        ("answer", "thl_next", "a0"): 1,
        ("answer", "pei_cope_illness", "a2"): 1,
    }


def test_response_of_a_relative_counts_nothing() -> None:
    assert counts_of(Response(**COMMON, counts=False, answers={"recommend": 9})) == {}


def test_response_without_answers_counts() -> None:
    assert counts_of(Response(**COMMON, counts=True, answers={})) == {("response_count", "responses"): 1}


@pytest.mark.parametrize(
    ("delivered", "answered", "channel", "expected"),
    [
        (True, True, "sms", {("invitation_count", "delivered"): 1, ("invitation_count", "answered"): 1}),
        (True, False, "sms", {("invitation_count", "delivered"): 1}),
        (False, True, "sms", {}),
        (True, True, "device", {}),
    ],
)
def test_invitation_counts_delivered_and_answered(
    delivered: bool, answered: bool, channel: str, expected: dict[Any, int]
) -> None:
    fact = Invitation(**{**COMMON, "channel": channel}, delivered=delivered, answered=answered)
    assert counts_of(fact) == expected


def test_feedback_counts_once_per_theme_and_under_all() -> None:
    fact = Feedback(
        **COMMON,
        kind="complaint",
        themes=("jono", "hinta", "jono"),
        wants_reply=True,
        replied_at=datetime(2026, 4, 1, tzinfo=UTC),
        in_time=True,
    )
    assert counts_of(fact) == {
        ("feedback_count", "complaint", theme, count): 1
        for theme in ("all", "jono", "hinta")
        for count in ("n", "wants_reply", "replied", "replied_in_time")
    }


def test_reply_that_was_not_requested_does_not_count() -> None:
    fact = Feedback(**COMMON, kind="idea", replied_at=datetime(2026, 4, 1, tzinfo=UTC), in_time=True)
    assert counts_of(fact) == {("feedback_count", "idea", "all", "n"): 1}


@pytest.mark.parametrize("kind", [Response, Invitation, Feedback])
def test_tombstone_counts_nothing(kind: type[FeedbackFact]) -> None:
    fact = tombstone(kind(**COMMON))
    assert (fact.county, fact.id, fact.retracted, fact.unit, fact.own_client) == ("oma-hame", "f1", True, None, None)
    assert counts_of(fact) == {}


def test_correction_adds_new_contributions_and_subtracts_old_ones() -> None:
    old = Response(**COMMON, counts=True, answers={"recommend": 9, "useful": 5})
    new = Response(**COMMON, counts=True, answers={"recommend": 3, "useful": 5})
    deltas = Deltas()
    deltas.add(contributions(old), -1)
    deltas.add(contributions(new))
    assert deltas.rows() == {ANSWER: [((DAY, 7, "sms", "other", "recommend"), (1, 0, -1, 0, 0, 0))]}
