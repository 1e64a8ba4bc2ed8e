"""What follows from the times of one contact: handled, early, awaiting response, effective end, wait."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.fcr.domain import WAIT_BOUNDS, wait_class
from services.fcr.facts import first_response, is_linkable
from tests.unit.fcr_cases import ANSWERED, DAY, INBOUND, LINKED, SECOND, START, TICK, access_counts, contact

AFTER_30_S = START + 30 * SECOND
EARLY = {"abandoned": True, "ended_at": START + 5 * SECOND}


@pytest.mark.parametrize("channel", ["phone", "chat", "sms", "digital_booking", "other"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"answered_at": AFTER_30_S}, True),
        ({"callback_reached_at": AFTER_30_S}, True),
        ({"answered_at": START - SECOND}, True),
        ({"answered_at": AFTER_30_S, "abandoned": True}, True),
        ({"callback_first_attempt_at": AFTER_30_S}, False),
        ({"callback_requested_at": AFTER_30_S}, False),
        ({"answer_mode": "direct", "ended_at": AFTER_30_S, "outcome": "hoidettu"}, False),
        ({"answered_at": AFTER_30_S, "direction": "outbound"}, False),
        ({"answered_at": AFTER_30_S, "excluded": "internal"}, False),
    ],
)
def test_contact_is_handled_when_the_client_was_reached(channel: str, fields: dict[str, Any], expected: bool) -> None:
    assert contact(channel=channel, **fields).handled is (expected and channel in ("phone", "chat", "sms"))


@pytest.mark.parametrize(
    ("fields", "early"),
    [
        (EARLY, True),
        ({**EARLY, "ended_at": START + timedelta(seconds=5, microseconds=1)}, False),
        ({**EARLY, "ended_at": START - SECOND}, True),
        ({**EARLY, "ended_at": None}, False),
        ({**EARLY, "abandoned": False}, False),
        ({**EARLY, **ANSWERED}, False),
        ({**EARLY, "callback_reached_at": AFTER_30_S}, False),
        ({**EARLY, "callback_first_attempt_at": AFTER_30_S}, True),
    ],
)
def test_abandoned_contact_is_early_within_five_seconds(fields: dict[str, Any], early: bool) -> None:
    assert contact(**fields).early is early
    assert access_counts(**fields).get("early", 0) == early


def test_early_contact_with_a_failed_callback_has_no_promise() -> None:
    fields = {**EARLY, "callback_first_attempt_at": AFTER_30_S, "due": AFTER_30_S}
    assert access_counts(**fields) == {**INBOUND, "early": 1, "w1": 1}  # it counts a wait, but no promise
    assert not contact(**fields).awaiting_response


@pytest.mark.parametrize(
    ("fields", "awaiting_response"),
    [
        ({}, True),
        ({"channel": "sms"}, True),
        ({"channel": "digital_booking"}, False),
        ({"channel": "other"}, False),
        ({"direction": "outbound"}, False),
        ({"excluded": "spam"}, False),
        (EARLY, False),
        ({**EARLY, "ended_at": START + 6 * SECOND}, True),
        (ANSWERED, False),
        ({"callback_first_attempt_at": AFTER_30_S}, False),
        ({"callback_reached_at": AFTER_30_S}, False),
    ],
)
def test_contact_awaits_a_response_until_there_is_one(fields: dict[str, Any], awaiting_response: bool) -> None:
    fact = contact(**fields, due=AFTER_30_S)
    assert fact.awaiting_response is awaiting_response
    # The views use the property and the buckets use the count. Both must agree.
    assert access_counts(**fields, due=AFTER_30_S).get("awaited", 0) == awaiting_response


@pytest.mark.parametrize(
    ("ended_at", "effective_end"),
    [
        (None, START),
        (START, START),
        (START - SECOND, START - SECOND),
        (START + 300 * SECOND, START + 300 * SECOND),
        (START + DAY - TICK, START + DAY - TICK),
        (START + DAY, START + DAY),
        (START + DAY + TICK, START + DAY),
        (START + 400 * DAY, START + DAY),
    ],
)
def test_effective_end_is_at_most_one_day_after_the_start(ended_at: datetime | None, effective_end: datetime) -> None:
    assert contact(ended_at=ended_at).effective_end == effective_end


def test_contact_without_a_start_has_no_effective_end() -> None:
    assert contact(started_at=None).effective_end is None


@pytest.mark.parametrize(("number", "bound"), list(enumerate(WAIT_BOUNDS)))
def test_wait_bounds_are_inclusive(number: int, bound: int) -> None:
    fact = contact()
    assert wait_class(fact, START + bound * SECOND) == number
    assert wait_class(fact, START + bound * SECOND + TICK) == number + 1


def test_waits_above_every_bound_and_below_zero() -> None:
    assert wait_class(contact(), START + 1000 * DAY) == len(WAIT_BOUNDS) == 13
    assert wait_class(contact(), START) == wait_class(contact(), START - DAY) == 0
    assert access_counts(answered_at=START - SECOND) == {**INBOUND, "handled": 1, "w0": 1}
    assert access_counts(answered_at=START + DAY + TICK) == {**INBOUND, "handled": 1, "w13": 1}


def test_first_response_is_the_earliest_of_three() -> None:
    one, two, three = (START + n * SECOND for n in (1, 2, 3))
    names = ("answered_at", "callback_first_attempt_at", "callback_reached_at")
    for order in ((one, two, three), (three, one, two), (two, three, one)):
        assert first_response(contact(**dict(zip(names, order, strict=True)))) == one
    assert first_response(contact(callback_reached_at=two)) == two
    assert first_response(contact(callback_requested_at=one)) is None


def test_linkable_needs_a_client_and_a_reason() -> None:
    assert is_linkable(contact(**LINKED))
    assert not is_linkable(contact(**{**LINKED, "reason": None}))
    assert not is_linkable(contact(**{**LINKED, "own_client": None}))
