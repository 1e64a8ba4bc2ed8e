"""Facts of the contact stream and their properties. Pure: no clock, no store, no framework."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from shared.labels import UNKNOWN, Intervals, label

FIRST_LINE_CHANNELS: Final = ("phone", "chat", "sms")  # channels of handled contacts and of the access figures
MAX_EARLY_LENGTH: Final = timedelta(seconds=5)
MAX_CONTACT_LENGTH: Final = timedelta(hours=24)  # the end of a contact that was never closed


class Contact(NamedTuple):
    """A contact with the first line and its course so far.

    `rank` orders the events of one business id. `unit_row` is the row of the unit register that is valid on `day`.
    `person` is the number of the client's person. `due` is the time by which an answer was promised. `repeats_within`
    is the smallest window, in days, in which the contact repeats another one; `repeated_within` the smallest window in
    which another one repeats it; both are None if there is none. A retracted contact keeps only county, id and rank.

    A named tuple, because a batch creates several per event: a frozen dataclass of this width costs ten times as much.
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
        """Whether figures count the contact."""
        return self.direction == "inbound" and self.excluded is None

    @property
    def handled(self) -> bool:
        """Whether the first line spoke or wrote with the client."""
        reached = self.answered_at is not None or self.callback_reached_at is not None
        return reached and self.channel in FIRST_LINE_CHANNELS and self.counted

    @property
    def repeatable(self) -> bool:
        """Whether the contact can repeat another one."""
        return not self.planned and self.counted

    @property
    def early(self) -> bool:
        """Whether the client gave up within five seconds, too soon for an answer."""
        if not self.abandoned or self.ended_at is None or self.handled:
            return False
        assert self.started_at is not None
        return self.ended_at - self.started_at <= MAX_EARLY_LENGTH

    @property
    def awaiting_response(self) -> bool:
        """Whether the contact counts for access, is not early and has no first response yet."""
        return self.counted and self.channel in FIRST_LINE_CHANNELS and first_response(self) is None and not self.early

    @property
    def effective_end(self) -> datetime | None:
        """end(C): the earlier of `ended_at` and `started_at` + 24 h, else `started_at`."""
        started, ended = self.started_at, self.ended_at
        if started is None or ended is None:
            return started
        return ended if ended - started <= MAX_CONTACT_LENGTH else started + MAX_CONTACT_LENGTH


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
    """Return the tombstone of a contact: county, id and rank."""
    return Contact(fact.county, fact.id, fact.rank, retracted=True)


def with_label(contact: Contact, histories: Mapping[str, Intervals]) -> Contact:
    """Return the contact with its label by these histories; the same object when the label is already right."""
    client = contact.own_client
    segment = label(client, contact.day, histories.get(client, ()) if client is not None else ())
    return contact if segment == contact.segment else contact._replace(segment=segment)


def first_response(contact: Contact) -> datetime | None:
    """Return the time of the first answer, callback attempt or successful callback."""
    responses = (contact.answered_at, contact.callback_first_attempt_at, contact.callback_reached_at)
    return min((at for at in responses if at is not None), default=None)


def is_linkable(contact: Contact) -> bool:
    """Whether the contact can have links: its client and its reason are known."""
    return contact.own_client is not None and contact.reason is not None
