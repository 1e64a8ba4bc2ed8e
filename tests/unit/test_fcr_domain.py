"""What each fact of the contact stream counts: worked examples."""

from datetime import date
from typing import Any

import pytest

from services.fcr.domain import ACCESS, HANDLED, HYTE, contributions
from services.fcr.facts import HyteCount, tombstone
from shared.deltas import Deltas
from tests.unit.fcr_cases import (
    ANSWERED,
    INBOUND,
    LINKED,
    SECOND,
    START,
    TICK,
    TODAY,
    access,
    contact,
    counted,
)

SILENT = {"handled": 1, "guided": 1, "linkable": 1, "unrepeated_1": 1, "unrepeated_7": 1, "unrepeated_30": 1}
PROMISED = {"due": START + 60 * SECOND}


def test_an_answered_call_counts_in_access_and_in_resolution() -> None:
    fact = contact(**ANSWERED, **LINKED, answer_mode="direct", outcome="hoidettu", classification="2026")
    assert counted(fact) == {
        "access/terveys": {**INBOUND, "handled": 1, "direct": 1, "w1": 1},
        "handled/terveys/hoidettu/2026": SILENT,
    }


@pytest.mark.parametrize("codes", [{}, {"outcome": "siirretty"}, {"classification": "2026"}])
def test_no_outcome_and_no_classification_are_empty_codes(codes: dict[str, str]) -> None:
    measure = f"handled/terveys/{codes.get('outcome', '')}/{codes.get('classification', '')}"
    assert counted(contact(**ANSWERED, **codes))[measure] == {"handled": 1, "guided": 1}


def test_an_sms_counts_as_guidance_only() -> None:
    fact = contact(**ANSWERED, **LINKED, channel="sms", outcome="hyte-ohjattu", repeats_within=1)
    assert counted(fact) == {
        "access/terveys": {"inbound": 1, "sms": 1, "handled": 1, "w1": 1},
        "handled/terveys/hyte-ohjattu/": {"guided": 1},
    }


def test_a_booking_is_a_booking_only() -> None:
    fact = contact(**ANSWERED, **LINKED, channel="digital_booking", outcome="ajanvaraus", due=START, transfers=3)
    assert counted(fact) == {"access/terveys": {"digital_booking": 1}}
    assert not fact.handled and fact.counted and fact.repeatable


@pytest.mark.parametrize(
    "fields",
    [
        {"direction": "outbound"},
        *({"excluded": why} for why in ("test", "spam", "wrong_number", "internal")),
        {"channel": "other"},
        {"channel": "digital_booking", "excluded": "test"},
    ],
)
def test_contacts_that_count_nothing(fields: dict[str, Any]) -> None:
    assert counted(contact(**{**ANSWERED, **LINKED, "outcome": "hoidettu", **fields})) == {}


def test_a_planned_contact_counts_as_any_other() -> None:
    plain, planned = contact(**ANSWERED, **LINKED), contact(**ANSWERED, **LINKED, planned=True)
    assert counted(plain) == counted(planned)
    assert (plain.repeatable, planned.repeatable) == (True, False)


@pytest.mark.parametrize(
    ("transfers", "expected"),
    [(0, {}), (1, {"transfers": 1}), (2, {"transfers": 2, "bounced": 1}), (9, {"transfers": 9, "bounced": 1})],
)
def test_transfers(transfers: int, expected: dict[str, int]) -> None:
    handled = {**INBOUND, "handled": 1, "w1": 1}
    assert access(**ANSWERED, transfers=transfers) == {**handled, **expected}
    assert access(transfers=transfers) == INBOUND  # not answered, so transfers do not count


def test_a_requested_callback() -> None:
    asked = {"callback_requested_at": START + 5 * SECOND}
    assert access(**asked) == {**INBOUND, "callback_requested": 1}
    reached = {**asked, "callback_reached_at": START + 3600 * SECOND, "callback_same_day": True}
    mode = {"answer_mode": "callback"}
    expected = {"callback_requested": 1, "callback_same_day": 1, "handled": 1, "callback": 1, "w8": 1}
    assert access(**reached, **mode) == {**INBOUND, **expected}
    tried = {**asked, "callback_first_attempt_at": START + 120 * SECOND}
    assert access(**tried, **mode) == {**INBOUND, "callback_requested": 1, "w3": 1}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"answered_at": START + 60 * SECOND}, {"handled": 1, "w2": 1, "promised": 1, "promise_kept": 1}),
        ({"answered_at": START + 60 * SECOND + TICK}, {"handled": 1, "w3": 1, "promised": 1}),
        ({"callback_first_attempt_at": START + 60 * SECOND}, {"w2": 1, "promised": 1, "promise_kept": 1}),
        ({}, {"awaited": 1}),
        ({"abandoned": True, "ended_at": START + 6 * SECOND}, {"awaited": 1}),
        ({"abandoned": True, "ended_at": START + 5 * SECOND}, {"early": 1}),
    ],
)
def test_a_promise_is_kept_up_to_its_due_time(fields: dict[str, Any], expected: dict[str, int]) -> None:
    assert access(**fields, **PROMISED) == {**INBOUND, **expected}
    without = {name: number for name, number in expected.items() if name in ("handled", "early") or name[0] == "w"}
    assert access(**fields) == {**INBOUND, **without}


@pytest.mark.parametrize("channel", ["phone", "chat"])
@pytest.mark.parametrize(
    ("repeated", "repeats", "expected"),
    [
        (None, None, {"unrepeated_1", "unrepeated_7", "unrepeated_30"}),
        (30, 30, {"unrepeated_1", "unrepeated_7", "repeats_30"}),
        (7, 7, {"unrepeated_1", "repeats_7", "repeats_30"}),
        (1, 1, {"repeats_1", "repeats_7", "repeats_30"}),
        (1, None, set()),
    ],
)
def test_the_smallest_window_decides_every_window(
    channel: str, repeated: int | None, repeats: int | None, expected: set[str]
) -> None:
    fact = contact(**ANSWERED, **LINKED, channel=channel, repeated_within=repeated, repeats_within=repeats)
    base = {"handled": 1, "guided": 1, "linkable": 1}
    assert counted(fact)["handled/terveys//"] == {**base, **dict.fromkeys(expected, 1)}


@pytest.mark.parametrize("missing", ["own_client", "reason"])
def test_without_a_client_or_a_reason_nothing_is_linked(missing: str) -> None:
    fact = contact(**ANSWERED, **{**LINKED, missing: None}, repeated_within=1, repeats_within=1)
    assert counted(fact)["handled/terveys//"] == {"handled": 1, "guided": 1}


def test_a_count_is_its_amount() -> None:
    count = HyteCount("oma-hame", "h1", b"", False, "keskus", 7, TODAY, "tray_visit", 12)
    assert counted(count) == {"hyte_count/tray_visit": {"amount": 12}}
    (contribution,) = contributions(count)
    assert contribution.dimensions == (TODAY, 7, "all", "all")


def test_retracted_facts_count_nothing() -> None:
    full = contact(**ANSWERED, **LINKED, transfers=4, due=START, repeats_within=7, repeated_within=1)
    retracted_fact = tombstone(full)
    assert (retracted_fact.county, retracted_fact.id, retracted_fact.rank, retracted_fact.retracted) == (
        "oma-hame",
        "c1",
        b"",
        True,
    )
    assert retracted_fact == type(retracted_fact)(
        "oma-hame", "c1", b"", retracted=True
    )  # only county, id and rank are left
    assert counted(retracted_fact) == counted(HyteCount("oma-hame", "h1", b"", retracted=True)) == {}


def test_a_correction_adds_new_and_subtracts_old_contributions() -> None:
    old = contact(**ANSWERED, **LINKED, outcome="hoidettu", transfers=2)
    new = contact(**ANSWERED, **LINKED, outcome="siirretty", transfers=1, repeated_within=7)
    deltas = Deltas()
    deltas.add(contributions(old), -1)
    deltas.add(contributions(new))
    assert deltas.measures() == {ACCESS, HANDLED}
    ((key, counts),) = deltas.by_month(ACCESS)
    assert key == (date(2026, 3, 1), 7, "phone", "other", "terveys")
    named = {name: count for name, count in zip(ACCESS.counts, counts, strict=True) if count}
    assert named == {"transfers": -1, "bounced": -1}
    rows = {key[3]: dict(zip(HANDLED.counts, counts, strict=True)) for key, counts in deltas.by_day(HANDLED)}
    assert {name: -count for name, count in rows["hoidettu"].items() if count} == SILENT
    assert (rows["siirretty"]["unrepeated_1"], rows["siirretty"]["unrepeated_7"]) == (1, 0)
    assert deltas.by_day(HYTE) == []
