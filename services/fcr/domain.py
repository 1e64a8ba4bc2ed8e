"""Facts of the contact stream and what each of them counts: pure, no clock, no store, no framework.

Section 5 of the contract in code. A figure is a sum of contributions of facts; `contributions` of a fact is the
one place that knows what it counts. What a contact takes from its neighbours, the contacts of the same person
with the same line and reason, stands in `repeats_within` and `repeated_within` (`services.fcr.links`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

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
HYTE: Final = Measure("hyte_count", ("kind",), ("amount",))
MEASURES: Final = (ACCESS, HANDLED, HYTE)

_ACCESS: Final = {name: column for column, name in enumerate(ACCESS.counts)}
_HANDLED: Final = {name: column for column, name in enumerate(HANDLED.counts)}
_WAITS: Final = _ACCESS["w0"]
_UNREPEATED: Final = tuple(_HANDLED[f"unrepeated_{days}"] for days in WINDOWS)
_REPEATS: Final = tuple(_HANDLED[f"repeats_{days}"] for days in WINDOWS)
_NEVER: Final = WINDOWS[-1] + 1
NO_CODE: Final = ""  # in buckets: no outcome, or no classification
ANYWHERE: Final = "all"  # counts of no channel and no client


@dataclass(frozen=True, slots=True)
class Fact:
    """What every fact has. `rank` is its place in the order of the same business id; `unit_row` the row of the
    unit register valid on `day`. A retracted fact keeps only county, id and rank.
    """

    county: str
    id: str
    rank: bytes
    retracted: bool
    unit: str | None = None
    unit_row: int | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Contact(Fact):
    """A contact with the first line and its course so far.

    `person` numbers the client. `due`: until when an answer was promised. `over_at`: end(C) of the contract.
    `counted`: inbound and not excluded. `repeatable`: counted and not planned, so that it may repeat another.
    `awaits`: counted, not early, on a first-line channel, and nothing answered it yet.
    `repeats_within`: the least window in which it repeats a contact, None where in none; `repeated_within`: the
    least window in which a contact repeats it.
    """

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
    promised_by: datetime | None = None
    due: datetime | None = None
    abandoned: bool = False
    planned: bool = False
    transfers: int = 0
    reason: str | None = None
    outcome: str | None = None
    classification: str | None = None
    counted: bool = False
    handled: bool = False
    repeatable: bool = False
    awaits: bool = False
    callback_same_day: bool = False
    over_at: datetime | None = None
    repeats_within: int | None = None
    repeated_within: int | None = None


@dataclass(frozen=True, slots=True)
class HyteCount(Fact):
    """Welfare and health promotion work of one day, counted by hand."""

    kind: str | None = None
    amount: int = 0


ContactFact = Contact | HyteCount


def bare(fact: Contact) -> Contact:
    """What stays of a contact that is taken away: county, id and its place in the order."""
    return Contact(fact.county, fact.id, fact.rank, retracted=True)


def settled(contact: Contact) -> Contact:
    """The contact with everything that follows from its own course."""
    counted = contact.direction == "inbound" and contact.excluded is None
    reached = contact.answered_at is not None or contact.callback_reached_at is not None
    handled = counted and reached and contact.channel in FIRST_LINE
    return replace(
        contact,
        counted=counted,
        handled=handled,
        repeatable=counted and not contact.planned,
        awaits=counted
        and contact.channel in FIRST_LINE
        and first_response(contact) is None
        and not is_early(contact, handled),
        over_at=over_at(contact),
    )


def first_response(contact: Contact) -> datetime | None:
    """When the client first got an answer, or an attempt of one."""
    tries = (contact.answered_at, contact.callback_first_attempt_at, contact.callback_reached_at)
    return min((at for at in tries if at is not None), default=None)


def is_early(contact: Contact, handled: bool) -> bool:
    """Whether the client gave up within five seconds: nobody could have answered."""
    if not contact.abandoned or handled or contact.ended_at is None:
        return False
    assert contact.started_at is not None
    return contact.ended_at - contact.started_at <= EARLY


def over_at(contact: Contact) -> datetime | None:
    """end(C): the earlier of `ended_at` and `started_at` + 24 h, else `started_at`."""
    started, ended = contact.started_at, contact.ended_at
    if started is None or ended is None:
        return started
    return ended if ended - started <= LONGEST else started + LONGEST


def is_linkable(contact: Contact) -> bool:
    """Whether it can be linked with others: the client is known, and what it was about."""
    return contact.own_client is not None and contact.reason is not None


def wait_class(contact: Contact, response: datetime) -> int:
    """The class of the waiting time among w0..w13: the first bound that is not exceeded."""
    assert contact.started_at is not None
    wait = response - contact.started_at
    return next((i for i, bound in enumerate(_BOUNDS) if wait <= bound), len(_BOUNDS))


_BOUNDS: Final = tuple(timedelta(seconds=bound) for bound in WAIT_BOUNDS)


def contributions(fact: Fact) -> Iterator[Contribution]:
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
        yield Contribution(ACCESS, place, codes, tuple(_access(contact, place.channel)))
        if contact.handled:
            if contact.transfers:
                yield Contribution(ACCESS, place, codes, (_ACCESS["transfers"],), contact.transfers)
            outcome, classification = contact.outcome or NO_CODE, contact.classification or NO_CODE
            yield Contribution(HANDLED, place, (*codes, outcome, classification), tuple(_handled(contact)))


def _access(contact: Contact, channel: str) -> Iterator[int]:
    """The columns of access in which a counted contact counts one."""
    yield _ACCESS["inbound"]
    yield _ACCESS[channel]
    if contact.handled:
        yield _ACCESS["handled"]
        if contact.answer_mode is not None:
            yield _ACCESS[contact.answer_mode]
        if contact.transfers >= 2:
            yield _ACCESS["bounced"]
    if contact.callback_requested_at is not None:
        yield _ACCESS["callback_requested"]
        if contact.callback_same_day:
            yield _ACCESS["callback_same_day"]
    response = first_response(contact)
    if response is not None:
        yield _WAITS + wait_class(contact, response)
    if is_early(contact, contact.handled):
        yield _ACCESS["early"]
    elif contact.due is not None:
        yield from _promise(contact.due, response)


def _promise(due: datetime, response: datetime | None) -> Iterator[int]:
    if response is None:
        yield _ACCESS["awaited"]
        return
    yield _ACCESS["promised"]
    if response <= due:
        yield _ACCESS["promise_kept"]


def _handled(contact: Contact) -> Iterator[int]:
    """The columns of resolution in which a handled contact counts one."""
    yield _HANDLED["guided"]
    if contact.channel not in RESOLVING:
        return
    yield _HANDLED["handled"]
    if is_linkable(contact):
        yield _HANDLED["linkable"]
        repeated, repeats = contact.repeated_within or _NEVER, contact.repeats_within or _NEVER
        yield from (column for days, column in zip(WINDOWS, _UNREPEATED, strict=True) if repeated > days)
        yield from (column for days, column in zip(WINDOWS, _REPEATS, strict=True) if repeats <= days)
