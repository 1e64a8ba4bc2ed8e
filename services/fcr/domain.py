"""Facts of the contact stream and what each of them counts: pure, no clock, no store, no framework.

Section 5 of the contract in code. A figure is a sum of contributions of facts; `contributions` of a fact is the
one place that knows what it counts. What a contact takes from its neighbours, the contacts of the same person
with the same line and reason, stands in `repeats_within` and `repeated_within` (`services.fcr.links`).
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final, NamedTuple

from shared.deltas import Contribution, Measure, Place
from shared.labels import UNKNOWN

FIRST_LINE: Final = ("phone", "chat", "sms")  # channels of handled contacts and of access
RESOLVING: Final = ("phone", "chat")  # channels of first-contact resolution
DIGITAL_BOOKING: Final = "digital_booking"
WINDOWS: Final = (1, 7, 30)  # days of 24 hours within which a contact repeats
EARLY: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(hours=24)  # a contact that was never closed ends here
WAIT_BOUNDS: Final = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)  # seconds, inclusive

# Contacts of the first-line channels, and digital bookings beside them. Counts w0..w13 are the waits by WAIT_BOUNDS,
# the last of them longer; `promised` have a promise and a first response, `awaited` a promise and none yet.
ACCESS: Final = Measure(
    "access",
    ("line",),
    (
        *("inbound", "early", "handled", "direct", "callback", "callback_requested", "callback_same_day"),
        *("promised", "promise_kept", "awaited", "transfers", "bounced"),
        *("phone", "chat", "sms", "digital_booking"),
        *(f"w{i}" for i in range(len(WAIT_BOUNDS) + 1)),
    ),
    sums=frozenset({"transfers"}),
)
# Handled contacts by outcome, whose flags the views look up. `handled` and what follows are of phone and chat;
# `guided` is of every first-line channel. `unrepeated_W` and `repeats_W` are of linkable ones.
HANDLED: Final = Measure(
    "handled",
    ("line", "outcome", "classification"),
    (
        *("handled", "linkable", "guided"),
        *(f"unrepeated_{days}" for days in WINDOWS),
        *(f"repeats_{days}" for days in WINDOWS),
    ),
)
HYTE: Final = Measure("hyte_count", ("kind",), ("amount",), sums=frozenset({"amount"}))
MEASURES: Final = (ACCESS, HANDLED, HYTE)

_ACCESS: Final = {name: column for column, name in enumerate(ACCESS.counts)}
_HANDLED: Final = {name: column for column, name in enumerate(HANDLED.counts)}
_WAITS: Final = _ACCESS["w0"]
_UNREPEATED: Final = tuple(_HANDLED[f"unrepeated_{days}"] for days in WINDOWS)
_REPEATS: Final = tuple(_HANDLED[f"repeats_{days}"] for days in WINDOWS)
_NEVER: Final = WINDOWS[-1] + 1
NO_CODE: Final = ""  # in buckets: no outcome, or no classification
ANYWHERE: Final = "all"  # counts of no channel and no client


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
    def awaits(self) -> bool:
        """Whether it counts for access, was not early, and nothing answered it yet."""
        return self.counted and self.channel in FIRST_LINE and first_response(self) is None and not self.early

    @property
    def over_at(self) -> datetime | None:
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


def bare(fact: Contact) -> Contact:
    """What stays of a contact that is taken away: county, id and its place in the order."""
    return Contact(fact.county, fact.id, fact.rank, retracted=True)


def first_response(contact: Contact) -> datetime | None:
    """When the client first got an answer, or an attempt of one."""
    tries = (contact.answered_at, contact.callback_first_attempt_at, contact.callback_reached_at)
    return min((at for at in tries if at is not None), default=None)


def is_linkable(contact: Contact) -> bool:
    """Whether it can be linked with others: the client is known, and what it was about."""
    return contact.own_client is not None and contact.reason is not None


def wait_class(contact: Contact, response: datetime) -> int:
    """The class of the waiting time among w0..w13: the first bound that is not exceeded."""
    assert contact.started_at is not None
    return bisect_left(_BOUNDS, response - contact.started_at)


_BOUNDS: Final = tuple(timedelta(seconds=bound) for bound in WAIT_BOUNDS)


def contributions(fact: ContactFact) -> Iterator[Contribution]:
    """Everything a fact counts, as of its present state; nothing when it is retracted."""
    if fact.retracted:
        return
    assert fact.day is not None and fact.unit_row is not None
    match fact:
        case Contact():
            if fact.counted and fact.channel is not None:
                yield from _of_contact(fact, Place(fact.day, fact.unit_row, fact.channel, fact.segment))
        case HyteCount():
            assert fact.kind is not None
            place = Place(fact.day, fact.unit_row, ANYWHERE, ANYWHERE)
            yield Contribution(HYTE, place, (fact.kind,), (0,), fact.amount)


def _of_contact(contact: Contact, place: Place) -> Iterator[Contribution]:
    assert contact.line is not None
    codes = (contact.line,)
    if place.channel == DIGITAL_BOOKING:
        yield Contribution(ACCESS, place, codes, (_ACCESS[DIGITAL_BOOKING],))
    elif place.channel in FIRST_LINE:
        handled = contact.handled
        yield Contribution(ACCESS, place, codes, _access(contact, place.channel, handled))
        if handled:
            if contact.transfers:
                yield Contribution(ACCESS, place, codes, (_ACCESS["transfers"],), contact.transfers)
            outcome, classification = contact.outcome or NO_CODE, contact.classification or NO_CODE
            yield Contribution(HANDLED, place, (*codes, outcome, classification), _handled(contact))


def _access(contact: Contact, channel: str, handled: bool) -> tuple[int, ...]:
    """The columns of access in which a counted contact counts one."""
    columns = [_ACCESS["inbound"], _ACCESS[channel]]
    if handled:
        columns.append(_ACCESS["handled"])
        if contact.answer_mode is not None:
            columns.append(_ACCESS[contact.answer_mode])
        if contact.transfers >= 2:
            columns.append(_ACCESS["bounced"])
    if contact.callback_requested_at is not None:
        columns.append(_ACCESS["callback_requested"])
        if contact.callback_same_day:
            columns.append(_ACCESS["callback_same_day"])
    response = first_response(contact)
    if response is not None:
        columns.append(_WAITS + wait_class(contact, response))
    if contact.early:
        columns.append(_ACCESS["early"])
    elif contact.due is not None:
        columns.extend(_promise(contact.due, response))
    return tuple(columns)


def _promise(due: datetime, response: datetime | None) -> tuple[int, ...]:
    if response is None:
        return (_ACCESS["awaited"],)
    return (_ACCESS["promised"], _ACCESS["promise_kept"]) if response <= due else (_ACCESS["promised"],)


def _handled(contact: Contact) -> tuple[int, ...]:
    """The columns of resolution in which a handled contact counts one."""
    if contact.channel not in RESOLVING:
        return (_HANDLED["guided"],)
    columns = (_HANDLED["guided"], _HANDLED["handled"])
    if not is_linkable(contact):
        return columns
    return (*columns, _HANDLED["linkable"], *_linked(contact.repeats_within, contact.repeated_within))


@cache
def _linked(repeats_within: int | None, repeated_within: int | None) -> tuple[int, ...]:
    """The columns of a linkable contact by its links: 16 answers in all."""
    repeats, repeated = repeats_within or _NEVER, repeated_within or _NEVER
    return (
        *(column for days, column in zip(WINDOWS, _UNREPEATED, strict=True) if repeated > days),
        *(column for days, column in zip(WINDOWS, _REPEATS, strict=True) if repeats <= days),
    )
