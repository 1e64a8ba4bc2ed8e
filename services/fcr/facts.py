"""Facts of the contact stream, and what each of them says of itself: pure, no clock, no store, no framework."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from shared.labels import UNKNOWN, Intervals, label

FIRST_LINE: Final = ("phone", "chat", "sms")  # channels of handled contacts and of access
EARLY: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(hours=24)  # a contact that was never closed ends here


class Contact(NamedTuple):
    """A contact with the first line and its course so far.

    `rank` is its place in the order of the same business id; `unit_row` the row of the unit register valid on `day`.
    A retracted contact keeps only county, id and rank. `person` numbers the client. `due`: until when an answer was
    promised. `repeats_within`: the least window in which it repeats a contact, None where in none; `repeated_within`:
    the least window in which a contact repeats it.

    A tuple, since a batch makes several of them an event: a frozen dataclass of this width costs ten times as much.
    """

    county: str
    id: str
    rank: bytes
    retracted: bool
    unit: str | None = None
    unit_row: int | None = None
    day: date | None = None
    line: str | None = None
    channel: str | None = None
    own_client: str | None = None
    person: int | None = None
    segment: str = UNKNOWN
    direction: str | None = None
    excluded: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    answer_mode: str | None = None
    callback_requested_at: datetime | None = None
    callback_first_attempt_at: datetime | None = None
    callback_reached_at: datetime | None = None
    callback_same_day: bool = False
    promised_by: datetime | None = None
    due: datetime | None = None
    abandoned: bool = False
    planned: bool = False
    transfers: int = 0
    reason: str | None = None
    outcome: str | None = None
    classification: str | None = None
    repeats_within: int | None = None
    repeated_within: int | None = None

    @property
    def counted(self) -> bool:
        """Whether it counts at all."""
        return self.direction == "inbound" and self.excluded is None

    @property
    def handled(self) -> bool:
        """Whether the first line spoke or wrote with the client."""
        reached = self.answered_at is not None or self.callback_reached_at is not None
        return reached and self.channel in FIRST_LINE and self.counted

    @property
    def repeatable(self) -> bool:
        """Whether it may repeat another."""
        return not self.planned and self.counted

    @property
    def early(self) -> bool:
        """Whether the client gave up within five seconds: nobody could have answered."""
        if not self.abandoned or self.ended_at is None or self.handled:
            return False
        assert self.started_at is not None
        return self.ended_at - self.started_at <= EARLY

    @property
    def awaiting_response(self) -> bool:
        """Whether it counts for access, was not early, and nothing answered it yet."""
        return self.counted and self.channel in FIRST_LINE and first_response(self) is None and not self.early

    @property
    def effective_end(self) -> datetime | None:
        """end(C): the earlier of `ended_at` and `started_at` + 24 h, else `started_at`."""
        started, ended = self.started_at, self.ended_at
        if started is None or ended is None:
            return started
        return ended if ended - started <= LONGEST else started + LONGEST


class HyteCount(NamedTuple):
    """Welfare and health promotion work of one day, counted by hand."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    unit: str | None = None
    unit_row: int | None = None
    day: date | None = None
    kind: str | None = None
    amount: int = 0


ContactFact = Contact | HyteCount


def tombstone(fact: Contact) -> Contact:
    """What stays of a contact that is taken away: county, id and its place in the order."""
    return Contact(fact.county, fact.id, fact.rank, retracted=True)


def labelled(contact: Contact, histories: Mapping[str, Intervals]) -> Contact:
    """The contact under the segment of its client on its day; the same object when it is under it already."""
    client = contact.own_client
    segment = label(client, contact.day, histories.get(client, ()) if client is not None else ())
    return contact if segment == contact.segment else contact._replace(segment=segment)


def first_response(contact: Contact) -> datetime | None:
    """When the client first got an answer, or an attempt of one."""
    tries = (contact.answered_at, contact.callback_first_attempt_at, contact.callback_reached_at)
    return min((at for at in tries if at is not None), default=None)


def is_linkable(contact: Contact) -> bool:
    """Whether it can be linked with others: the client is known, and what it was about."""
    return contact.own_client is not None and contact.reason is not None
