"""What each fact of the feedback stream counts; pure.

docs/figures.md defines the figures. A figure is a sum of contributions of facts. Only `contributions` defines what a
fact counts; new facts, corrections, retractions, refolds and replays all use it.
"""

from collections.abc import Iterator
from typing import Final

from services.nps.facts import Answer, Feedback, FeedbackFact, Invitation, Response
from shared.deltas import Contribution, Dimensions, Measure

# Meaning of the counts a0..a5, by question:
#   recommend: a0 detractors (0-6), a1 passives (7-8), a2 promoters (9-10)
#   pei_*:     a0 dont_know, a1 same_or_less, a2 better, a3 much_better
#   any other: a0 does not concern me (0), a1..a5 the answers 1..5
ANSWER: Final = Measure("answer", ("question",), ("a0", "a1", "a2", "a3", "a4", "a5"))
RESPONSE: Final = Measure("response_count", (), ("responses", "with_comment"))
INVITATION: Final = Measure("invitation_count", (), ("delivered", "answered"))
FEEDBACK: Final = Measure("feedback_count", ("kind", "theme"), ("n", "wants_reply", "replied", "replied_in_time"))
MEASURES: Final = (ANSWER, RESPONSE, INVITATION, FEEDBACK)

RECOMMEND: Final = "recommend"
_PEI: Final = {"dont_know": 0, "same_or_less": 1, "better": 2, "much_better": 3}
_NPS: Final = (0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2)  # by answer 0..10
ALL_THEMES: Final = "all"


def answer_class(question: str, value: Answer) -> int:
    """The count among a0..a5 that an answer belongs to."""
    if question == RECOMMEND:
        return _NPS[int(value)]
    return _PEI[value] if isinstance(value, str) else value


def contributions(fact: FeedbackFact) -> Iterator[Contribution]:
    """All contributions of a fact in its current state; none when it is retracted."""
    if fact.retracted:
        return
    dimensions = _dimensions(fact)
    match fact:
        case Response():
            yield from _response_contributions(fact, dimensions)
        case Invitation():
            yield from _invitation_contributions(fact, dimensions)
        case Feedback():
            yield from _feedback_contributions(fact, dimensions)


def _dimensions(fact: FeedbackFact) -> Dimensions:
    assert fact.day is not None and fact.unit_row is not None and fact.channel is not None
    return Dimensions(fact.day, fact.unit_row, fact.channel, fact.segment)


def _response_contributions(response: Response, dimensions: Dimensions) -> Iterator[Contribution]:
    if not response.counts:
        return
    yield Contribution(RESPONSE, dimensions, (), (0, 1) if response.has_comment else (0,))
    for question, value in (response.answers or {}).items():
        yield Contribution(ANSWER, dimensions, (question,), (answer_class(question, value),))


def _invitation_contributions(invitation: Invitation, dimensions: Dimensions) -> Iterator[Contribution]:
    if not invitation.delivered or dimensions.channel == "device":
        return
    yield Contribution(INVITATION, dimensions, (), (0, 1) if invitation.answered else (0,))


def _feedback_contributions(feedback: Feedback, dimensions: Dimensions) -> Iterator[Contribution]:
    assert feedback.kind is not None
    counted = (
        True,
        feedback.wants_reply,
        feedback.wants_reply and feedback.replied_at is not None,
        feedback.wants_reply and feedback.in_time,
    )
    columns = tuple(i for i, is_counted in enumerate(counted) if is_counted)
    for theme in (ALL_THEMES, *dict.fromkeys(feedback.themes)):
        yield Contribution(FEEDBACK, dimensions, (feedback.kind, theme), columns)
