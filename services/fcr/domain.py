"""What each fact of the contact stream counts (docs/figures.md, First contact). Pure: no clock, no store, no
framework.

A figure is a sum of contributions of facts. Only `contributions` decides what a fact counts. The links of a contact to
other contacts of the same person, line and reason are in `repeats_within` and `repeated_within`
(`services.fcr.links`).
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from services.fcr.facts import FIRST_LINE_CHANNELS, Contact, ContactFact, HyteCount, first_response, is_linkable
from shared.deltas import Contribution, Dimensions, Measure

RESOLUTION_CHANNELS: Final = ("phone", "chat")  # channels of first-contact resolution
DIGITAL_BOOKING: Final = "digital_booking"
WINDOWS: Final = (1, 7, 30)  # days of 24 hours within which a contact repeats
WAIT_BOUNDS: Final = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)  # seconds, inclusive
_WAIT_BOUNDS: Final = tuple(timedelta(seconds=bound) for bound in WAIT_BOUNDS)

# Contacts by phone, chat and sms, and digital bookings. Counts w0..w13 are waits by WAIT_BOUNDS; w13 counts the longer
# ones. `promised` counts contacts with a promise and a first response, `awaited` those with a promise and no response
# yet; the column `with_promise` of figures.access is their sum, without those not yet due.
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
# Handled contacts by outcome; the views join the flags of outcomes. `guided` counts handled contacts by phone, chat and
# sms, for kind `first_line_guidance` of figures.hyte. All other counts, `handled` too, are of phone and chat only. So
# `handled` here is not `handled` of ACCESS. `unrepeated_W` and `repeats_W` count linkable contacts.
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
_NO_WINDOW: Final = WINDOWS[-1] + 1
NO_CODE: Final = ""  # in buckets: no outcome, or no classification
ALL: Final = "all"  # channel and segment of facts that have neither


def wait_class(contact: Contact, response: datetime) -> int:
    """Return the class of the waiting time, 0 to 13: the index of the first bound that it does not exceed."""
    assert contact.started_at is not None
    return bisect_left(_WAIT_BOUNDS, response - contact.started_at)


def contributions(fact: ContactFact) -> Iterator[Contribution]:
    """Yield what the fact counts; nothing when it is retracted."""
    if fact.retracted:
        return
    assert fact.day is not None and fact.unit_row is not None
    match fact:
        case Contact():
            if fact.counted and fact.channel is not None:
                yield from _contact_contributions(fact, Dimensions(fact.day, fact.unit_row, fact.channel, fact.segment))
        case HyteCount():
            assert fact.kind is not None
            dimensions = Dimensions(fact.day, fact.unit_row, ALL, ALL)
            yield Contribution(HYTE, dimensions, (fact.kind,), (0,), fact.amount)


def _contact_contributions(contact: Contact, dimensions: Dimensions) -> Iterator[Contribution]:
    assert contact.line is not None
    codes = (contact.line,)
    if dimensions.channel == DIGITAL_BOOKING:
        yield Contribution(ACCESS, dimensions, codes, (_ACCESS[DIGITAL_BOOKING],))
    elif dimensions.channel in FIRST_LINE_CHANNELS:
        handled = contact.handled
        yield Contribution(ACCESS, dimensions, codes, _access_columns(contact, dimensions.channel, handled))
        if handled:
            if contact.transfers:
                yield Contribution(ACCESS, dimensions, codes, (_ACCESS["transfers"],), contact.transfers)
            outcome, classification = contact.outcome or NO_CODE, contact.classification or NO_CODE
            yield Contribution(HANDLED, dimensions, (*codes, outcome, classification), _resolution_columns(contact))


def _access_columns(contact: Contact, channel: str, handled: bool) -> tuple[int, ...]:
    """Return the columns of ACCESS in which a counted contact counts one."""
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
        columns.extend(_promise_columns(contact.due, response))
    return tuple(columns)


def _promise_columns(due: datetime, response: datetime | None) -> tuple[int, ...]:
    if response is None:
        return (_ACCESS["awaited"],)
    return (_ACCESS["promised"], _ACCESS["promise_kept"]) if response <= due else (_ACCESS["promised"],)


def _resolution_columns(contact: Contact) -> tuple[int, ...]:
    """Return the columns of HANDLED in which a handled contact counts one."""
    if contact.channel not in RESOLUTION_CHANNELS:
        return (_HANDLED["guided"],)
    columns = (_HANDLED["guided"], _HANDLED["handled"])
    if not is_linkable(contact):
        return columns
    return (*columns, _HANDLED["linkable"], *_link_columns(contact.repeats_within, contact.repeated_within))


@cache
def _link_columns(repeats_within: int | None, repeated_within: int | None) -> tuple[int, ...]:
    """Return the columns of a linkable contact by its links. There are 16 combinations."""
    repeats, repeated = repeats_within or _NO_WINDOW, repeated_within or _NO_WINDOW
    return (
        *(column for days, column in zip(WINDOWS, _UNREPEATED, strict=True) if repeated > days),
        *(column for days, column in zip(WINDOWS, _REPEATS, strict=True) if repeats <= days),
    )
