"""Canonical records of the contact stream become facts with fields from the registers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.fcr.decode import decode
from services.fcr.derive import derive, version
from services.fcr.facts import Contact, ContactFact, HyteCount
from shared.contracts.event import Event, encode_event
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.rank import encode_rank
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.record import PlainRecord
from shared.registers import load_folder
from tests.product import SAMPLE
from tests.unit.fcr_cases import DAY, HOUR, SECOND, START, TICK, TODAY

REGISTERS = load_folder(SAMPLE / "config")
CLIENT = "k1." + "A" * 22
SOURCE = "urn:hva:oma-hame:puhelin"
COMMON = {"contact_id": "c1", "unit": "keskus", "line": "terveys", "channel": "phone"}


def record(type: str, data: dict[str, Any], revision: int = 1) -> PlainRecord:
    json_data = {name: value.isoformat() if isinstance(value, date) else value for name, value in data.items()}
    model = EVENT_TYPES[type].model.model_validate({"revision": revision, **json_data})
    return PlainRecord("t", 0, 0, 0, None, encode_event(Event("oma-hame", SOURCE, "e1", type, START, bytes(32), model)))


def fact(type: str, revision: int = 1, **data: Any) -> ContactFact:
    found = decode(record(f"fi.hva.{type}.v1", data, revision), REGISTERS)
    assert isinstance(found, Contact | HyteCount)
    return found


def contact(**data: Any) -> Contact:
    found = fact("contact.recorded", **{**COMMON, "started_at": START, **data})
    assert isinstance(found, Contact)
    return found


def test_every_field_of_a_contact_is_decoded() -> None:
    times = ("answered_at", "ended_at", "callback_requested_at", "callback_first_attempt_at", "callback_reached_at")
    fields = {name: START + n * SECOND for n, name in enumerate(times, 1)}
    codes = {"reason": "kuume", "outcome": "hoidettu", "classification": "2026", "answer_mode": "callback"}
    rest = {"abandoned": True, "planned": True, "transfers": 3, "promised_by": START + HOUR, "excluded": "spam"}
    found = contact(client=CLIENT, direction="outbound", **fields, **codes, **rest)
    for name, value in {**COMMON, **fields, **codes, **rest, "direction": "outbound", "own_client": CLIENT}.items():
        assert getattr(found, "id" if name == "contact_id" else name) == value, name
    assert (found.due, found.segment, found.day, found.effective_end) == (
        START + HOUR,
        "other",
        TODAY,
        START + 2 * SECOND,
    )
    assert (found.county, found.rank) == ("oma-hame", encode_rank(1, START, SOURCE, "e1", bytes(32)))
    assert found.unit_row == REGISTERS.unit_row("oma-hame", "keskus", TODAY).key
    assert (found.counted, found.handled, found.repeatable) == (False, False, False)
    assert (found.person, found.repeats_within, found.repeated_within) == (None, None, None)  # set by the store


def test_contact_with_required_fields_only_has_defaults() -> None:
    found = contact()
    assert (found.counted, found.handled, found.repeatable, found.awaiting_response) == (True, False, True, True)
    assert (found.segment, found.direction, found.transfers) == ("unknown", "inbound", 0)


def test_counts_and_retractions_are_decoded() -> None:
    counted = {"count_id": "h1", "unit": "keskus", "kind": "tray_visit", "counted_on": TODAY, "count": 7}
    found = fact("hyte.counted", 2, **counted)
    expected_rank = encode_rank(2, START, SOURCE, "e1", bytes(32))
    row = REGISTERS.unit_row("oma-hame", "keskus", TODAY).key
    assert found == HyteCount("oma-hame", "h1", expected_rank, False, "keskus", row, TODAY, "tray_visit", 7)
    assert fact("hyte.retracted", 2, count_id="h1") == HyteCount("oma-hame", "h1", expected_rank, retracted=True)
    assert fact("contact.retracted", 2, contact_id="c1") == Contact("oma-hame", "c1", expected_rank, retracted=True)


@pytest.mark.parametrize(
    ("started_at", "day"),
    [
        (datetime(2026, 3, 31, 20, 59, 59, 999_999, UTC), date(2026, 3, 31)),
        (datetime(2026, 3, 31, 21, 0, tzinfo=UTC), date(2026, 4, 1)),
        (datetime(2025, 12, 31, 21, 59, 59, tzinfo=UTC), date(2025, 12, 31)),
        (datetime(2025, 12, 31, 22, 0, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), date(2026, 3, 29)),  # a day with 23 hours
        (datetime(2026, 3, 29, 20, 59, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2025, 10, 25, 21, 0, tzinfo=UTC), date(2025, 10, 26)),  # a day with 25 hours
        (datetime(2025, 10, 26, 21, 59, 59, tzinfo=UTC), date(2025, 10, 26)),
    ],
)
def test_contact_belongs_to_its_local_day(started_at: datetime, day: date) -> None:
    found = contact(started_at=started_at)
    assert (found.day, found.unit_row) == (day, REGISTERS.unit_row("oma-hame", "keskus", day).key)


def is_same_day_callback(requested: datetime, reached: datetime | None) -> bool:
    times = {"callback_requested_at": requested} | ({"callback_reached_at": reached} if reached else {})
    return contact(started_at=requested - SECOND, **times).callback_same_day


@pytest.mark.parametrize(
    ("evening", "midnight"),
    [
        (datetime(2026, 3, 2, 20, tzinfo=UTC), datetime(2026, 3, 2, 22, tzinfo=UTC)),  # winter
        (datetime(2026, 6, 2, 20, tzinfo=UTC), datetime(2026, 6, 2, 21, tzinfo=UTC)),  # summer
        (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 21, tzinfo=UTC)),  # a day with 23 hours
        (datetime(2025, 10, 25, 21, tzinfo=UTC), datetime(2025, 10, 26, 22, tzinfo=UTC)),  # a day with 25 hours
    ],
)
def test_callback_is_same_day_until_local_midnight(evening: datetime, midnight: datetime) -> None:
    assert is_same_day_callback(evening, midnight - TICK)
    assert not is_same_day_callback(evening, midnight)
    before_request = evening - HOUR if evening.hour == 20 else evening
    assert is_same_day_callback(evening, before_request)
    assert not is_same_day_callback(evening, evening + DAY + 2 * HOUR)
    assert not is_same_day_callback(evening, None)


def test_callback_that_was_not_requested_is_not_same_day() -> None:
    assert not contact(callback_reached_at=START).callback_same_day


@pytest.mark.parametrize(
    ("data", "due"),
    [
        ({}, datetime(2026, 3, 2, 22, tzinfo=UTC)),  # the same day, since 2026-02-16
        ({"channel": "chat"}, START + timedelta(minutes=5)),
        ({"channel": "sms"}, datetime(2026, 3, 3, 22, tzinfo=UTC)),  # one working day
        ({"channel": "other"}, None),
        ({"line": "neuvola"}, None),
        ({"promised_by": START - DAY}, START - DAY),
        ({"line": "neuvola", "promised_by": START}, START),
        ({"started_at": datetime(2026, 2, 15, 21, 59, tzinfo=UTC)}, datetime(2026, 2, 15, 22, 9, tzinfo=UTC)),
        ({"started_at": datetime(2026, 2, 15, 22, 0, tzinfo=UTC)}, datetime(2026, 2, 16, 22, tzinfo=UTC)),
        ({"started_at": datetime(2026, 3, 28, 22, 0, tzinfo=UTC)}, datetime(2026, 3, 29, 21, tzinfo=UTC)),
    ],
)
def test_due_time_follows_the_promise(data: dict[str, Any], due: datetime | None) -> None:
    assert contact(**data).due == due


def test_derived_fields_follow_the_registers() -> None:
    found, count = (
        contact(),
        fact("hyte.counted", count_id="h", unit="keskus", kind="tray_visit", counted_on=TODAY, count=1),
    )
    assert derive(found, REGISTERS) is found and derive(count, REGISTERS) is count
    assert derive(found._replace(unit_row=1, due=None), REGISTERS) == found
    assert derive(count._replace(unit_row=1), REGISTERS) == count
    other = replace(REGISTERS, promises=()).versioned({**REGISTERS.versions, "promises": "x"})
    assert derive(found, other) == found._replace(due=None)
    assert version(other) != version(REGISTERS)
    renamed = REGISTERS.versioned({**REGISTERS.versions, "units": "x", "outcomes": "y", "registers": "z"})
    assert version(renamed) == version(REGISTERS)  # the views read names and outcomes, so that no refold is needed


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[]", b"\xff"])
def test_record_that_is_no_canonical_event_is_rejected(value: bytes | None) -> None:
    rejected = decode(PlainRecord("t", 0, 0, 0, None, value), REGISTERS)
    assert isinstance(rejected, Rejected) and rejected.reason is Reason.UNDECODABLE


def test_event_of_another_stream_is_rejected() -> None:
    given = {"feedback_id": "f", "unit": "keskus", "channel": "web", "given_at": START, "kind": "idea"}
    rejected = decode(record("fi.hva.feedback.given.v1", given), REGISTERS)
    assert isinstance(rejected, Rejected) and (rejected.reason, rejected.source) == (Reason.WRONG_TOPIC, SOURCE)
