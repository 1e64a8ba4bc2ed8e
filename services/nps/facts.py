"""Facts of the feedback stream; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from shared.labels import UNKNOWN, Intervals, label

Answer = int | str


@dataclass(frozen=True, slots=True)
class Fact:
    """Fields of every fact. `unit_row` is the row of the unit register valid on `day`; `segment` is the label of
    `subject` on `label_day`. A retracted fact keeps only county, id and rank.
    """

    county: str
    id: str
    rank: bytes
    retracted: bool
    unit: str | None = None
    unit_row: int | None = None
    channel: str | None = None
    day: date | None = None
    label_day: date | None = None
    own_client: str | None = None
    segment: str = UNKNOWN

    @property
    def subject(self) -> str | None:
        """The client whose membership labels the fact."""
        return self.own_client


@dataclass(frozen=True, slots=True)
class Invitation(Fact):
    """An invitation to a survey. `answered`: a response that names it came within 14 days."""

    invited_at: datetime | None = None
    delivered: bool = False
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Response(Fact):
    """An answered survey. `client` is `own_client`, or else the client of the invitation."""

    answered_at: datetime | None = None
    invitation_id: str | None = None
    client: str | None = None
    counts: bool = False
    """Whether the respondent is the client: figures count no other responses."""
    has_comment: bool = False
    answers: Mapping[str, Answer] | None = None

    @property
    def subject(self) -> str | None:
        return self.client


@dataclass(frozen=True, slots=True)
class Feedback(Fact):
    """Direct feedback. `in_time`: the reply came within the time its county promises; False without a promise."""

    given_at: datetime | None = None
    kind: str | None = None
    themes: tuple[str, ...] = ()
    wants_reply: bool = False
    replied_at: datetime | None = None
    in_time: bool = False


FeedbackFact = Invitation | Response | Feedback

F = TypeVar("F", bound=Fact)


def tombstone(fact: F) -> F:
    """Return the tombstone of a fact: county, id and rank."""
    return type(fact)(fact.county, fact.id, fact.rank, retracted=True)


def with_label(fact: F, histories: Mapping[str, Intervals]) -> F:
    """Return the fact with its label by these histories; the same object when the label is already right."""
    client = fact.subject
    segment = label(client, fact.label_day, histories.get(client, ()) if client is not None else ())
    return fact if segment == fact.segment else replace(fact, segment=segment)


def inherit_client(response: Response, clients: Mapping[str, str | None]) -> Response:
    """Return the response with the client of its invitation if it has no own client. A changed response is labelled
    without a history; `with_label` applies it.
    """
    client = response.own_client or clients.get(response.invitation_id or "")
    if client == response.client:
        return response
    return replace(response, client=client, segment=label(client, response.label_day))
