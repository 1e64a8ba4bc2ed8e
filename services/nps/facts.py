"""Facts of the feedback stream; pure.

`rank` orders the events of one business id. `unit_row` is the row of the unit register valid on `day`; `segment` is the
label of `subject`, the client whose membership labels the fact, on `label_day`. A retracted fact keeps only county, id
and rank.
Facts are named tuples, because a batch creates several per event: frozen dataclasses cost several times as much.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from shared.labels import UNKNOWN, Intervals, label

Answer = int | str


class Invitation(NamedTuple):
    """An invitation to a survey. `answered`: a response that names it came within 14 days."""

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
    invited_at: datetime | None = None
    delivered: bool = False
    answered: bool = False

    @property
    def subject(self) -> str | None:
        """The client whose membership labels the fact."""
        return self.own_client


class Response(NamedTuple):
    """An answered survey. `client` is `own_client`, or else the client of the invitation. `counts`: whether the
    respondent is the client; figures count no other responses.
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
    answered_at: datetime | None = None
    invitation_id: str | None = None
    client: str | None = None
    counts: bool = False
    has_comment: bool = False
    answers: Mapping[str, Answer] | None = None

    @property
    def subject(self) -> str | None:
        """The client whose membership labels the fact."""
        return self.client


class Feedback(NamedTuple):
    """Direct feedback. `in_time`: the reply came within the time its county promises; False without a promise."""

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
    given_at: datetime | None = None
    kind: str | None = None
    themes: tuple[str, ...] = ()
    wants_reply: bool = False
    replied_at: datetime | None = None
    in_time: bool = False

    @property
    def subject(self) -> str | None:
        """The client whose membership labels the fact."""
        return self.own_client


FeedbackFact = Invitation | Response | Feedback

F = TypeVar("F", bound=FeedbackFact)


def tombstone(fact: F) -> F:
    """Return the tombstone of a fact: county, id and rank."""
    return type(fact)(fact.county, fact.id, fact.rank, retracted=True)


def with_label(fact: F, histories: Mapping[str, Intervals]) -> F:
    """Return the fact with its label by these histories; the same object when the label is already right."""
    client = fact.subject
    segment = label(client, fact.label_day, histories.get(client, ()) if client is not None else ())
    return fact if segment == fact.segment else fact._replace(segment=segment)  # type: ignore[return-value]


def inherit_client(response: Response, clients: Mapping[str, str | None]) -> Response:
    """Return the response with the client of its invitation if it has no own client. A changed response is labelled
    without a history; `with_label` applies it.
    """
    client = response.own_client or clients.get(response.invitation_id or "")
    if client == response.client:
        return response
    return response._replace(client=client, segment=label(client, response.label_day))
