"""Facts of the feedback stream, and what each of them says of itself: pure, no clock, no store, no framework."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from shared.labels import UNKNOWN, Intervals, label

Answer = int | str


@dataclass(frozen=True, slots=True)
class Fact:
    """What every fact has. `rank` is its place in the order of the same business id; `unit_row` the row of the
    unit register valid on `day`; `segment` the label by `label_day` and client. A retracted fact keeps only
    county, id and rank.
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
        """The client by whom the fact is labelled."""
        return self.own_client


@dataclass(frozen=True, slots=True)
class Invitation(Fact):
    """An invitation to answer. `answered`: some response fact names it and came within the window."""

    invited_at: datetime | None = None
    delivered: bool = False
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Response(Fact):
    """An answered survey. `client` is its own, else that of its invitation."""

    answered_at: datetime | None = None
    invitation_id: str | None = None
    client: str | None = None
    counts: bool = False
    """Whether the respondent was the client: others are no part of the population."""
    has_comment: bool = False
    answers: Mapping[str, Answer] | None = None

    @property
    def subject(self) -> str | None:
        return self.client


@dataclass(frozen=True, slots=True)
class Feedback(Fact):
    """Direct feedback. `in_time`: replied by the promise of its county, where one is set."""

    given_at: datetime | None = None
    kind: str | None = None
    themes: tuple[str, ...] = ()
    wants_reply: bool = False
    replied_at: datetime | None = None
    in_time: bool = False


FeedbackFact = Invitation | Response | Feedback

F = TypeVar("F", bound=Fact)


def tombstone(fact: F) -> F:
    """What stays of a fact that is taken away: county, id and its place in the order."""
    return type(fact)(fact.county, fact.id, fact.rank, retracted=True)


def labelled(fact: F, histories: Mapping[str, Intervals]) -> F:
    """The fact under the segment of its client on its label day; the same object when it is under it already."""
    client = fact.subject
    segment = label(client, fact.label_day, histories.get(client, ()) if client is not None else ())
    return fact if segment == fact.segment else replace(fact, segment=segment)


def with_invitation_client(response: Response, clients: Mapping[str, str | None]) -> Response:
    """The response with the client of its invitation where it has none of its own, not labelled by the history of
    that client yet.
    """
    client = response.own_client or clients.get(response.invitation_id or "")
    if client == response.client:
        return response
    return replace(response, client=client, segment=label(client, response.label_day))
