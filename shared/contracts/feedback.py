"""Data of the feedback stream. docs/events.md describes the fields."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, WithJsonSchema, model_validator
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from shared.contracts.types import Code, Data, Id, Instant, Pseudonym, exactly_one

Channel = Literal["sms", "device", "web", "app", "phone", "paper", "chat", "other"]
Coping = Literal["much_better", "better", "same_or_less", "dont_know"]

LIKERT: Final = ("useful", "easy_contact", "cooperation")
NATIONAL: Final = (
    "thl_help",
    "thl_cared",
    "thl_decide",
    "thl_safe",
    "thl_next",
    "thl_clear",
    "thl_useful",
)
COPING: Final = ("pei_cope_illness", "pei_cope_situation")

_RANGES: Final = {"recommend": range(11)} | dict.fromkeys(NATIONAL, range(6))
_DEFAULT_RANGE: Final = range(1, 6)


class Answer(TypedDict):
    """One question and its answer: an integer, or a word for the two coping questions."""

    __pydantic_config__ = ConfigDict(strict=True, extra="ignore")  # type: ignore[misc]

    question: Code
    value: int | Coping


def _answers(answers: list[Answer]) -> list[Answer]:
    """Check that each value is in the range of its question and no question is repeated. Raises ValueError."""
    questions = {answer["question"] for answer in answers}
    if len(questions) != len(answers):
        raise ValueError("a question is answered twice")
    for answer in answers:
        value, question = answer["value"], answer["question"]
        if isinstance(value, str):
            if question not in COPING:
                raise ValueError("an answer is not an integer")
        elif question in COPING or value not in _RANGES.get(question, _DEFAULT_RANGE):
            raise ValueError("an answer is outside the range of its question")
    return answers


def _one_answer(questions: dict[str, object], value: dict[str, object]) -> dict[str, object]:
    properties = {"question": questions, "value": value}
    return {"type": "object", "required": ["question", "value"], "properties": properties}


_KNOWN: Final = ["recommend", *NATIONAL, *COPING]
_ANSWERS_SCHEMA: Final[dict[str, object]] = {
    "type": "array",
    "description": "At most one answer per question.",
    "items": {
        "oneOf": [
            _one_answer({"const": "recommend"}, {"type": "integer", "minimum": 0, "maximum": 10}),
            _one_answer({"enum": list(NATIONAL)}, {"type": "integer", "minimum": 0, "maximum": 5}),
            _one_answer({"enum": list(COPING)}, {"enum": list(Coping.__args__)}),  # type: ignore[attr-defined]
            _one_answer(
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200,
                    "not": {"enum": [*_KNOWN, "all", "-"]},
                },
                {"type": "integer", "minimum": 1, "maximum": 5},
            ),
        ]
    },
}


class Invited(Data):
    """An invitation to answer was sent; `delivered` is whether it arrived."""

    invitation_id: Id
    unit: Code
    channel: Channel
    invited_at: Instant
    delivered: bool
    client: Pseudonym | None = None


class Answered(Data):
    """A survey response. Ingest sets `has_comment` for a comment and drops its text."""

    response_id: Id
    unit: Code
    channel: Channel
    answered_at: Instant
    served_at: Instant | None = None
    invitation_id: Id | None = None
    client: Pseudonym | None = None
    respondent: Literal["client", "relative", "professional"] = "client"
    age_group: Literal["7-12", "13-17", "18+"] | None = None
    language: Literal["fi", "sv", "en", "se", "sms", "smn", "other"] | None = None
    question_set: Code | None = None
    answers: Annotated[list[Answer], AfterValidator(_answers), WithJsonSchema(_ANSWERS_SCHEMA)]
    has_comment: bool = False


class Given(Data):
    """Direct feedback. Ingest adds to `themes` those found in the comment."""

    feedback_id: Id
    unit: Code
    channel: Channel
    given_at: Instant
    kind: Literal["thanks", "complaint", "idea", "question"]
    themes: list[Code] | None = None
    wants_reply: bool = False
    replied_at: Instant | None = None
    client: Pseudonym | None = None


class FeedbackRetracted(Data):
    """Retracts one response, direct feedback or invitation."""

    response_id: Id | None = None
    feedback_id: Id | None = None
    invitation_id: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        exactly_one(self.response_id, self.feedback_id, self.invitation_id)
        return self
