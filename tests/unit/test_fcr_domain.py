"""Examples of what each fact of the contact stream counts."""

from typing import Any

import pytest

from services.fcr.domain import ACCESS, HANDLED, contributions
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
    access_counts,
    contact,
    counts_of,
)

NOT_REPEATED = {"handled": 1, "guided": 1, "linkable": 1, "unrepeated_1": 1, "unrepeated_7": 1, "unrepeated_30": 1}
PROMISED = {"due": START + 60 * SECOND}


def test_answered_call_counts_in_access_and_in_resolution() -> None:
    fact = contact(**ANSWERED, **LINKED, answer_mode="direct", outcome="hoidettu", classification="2026")
    assert counts_of(fact) == {
        "access/terveys": {**INBOUND, "handled": 1, "direct": 1, "w1": 1},
        "handled/terveys/hoidettu/2026": NOT_REPEATED,
    }


@pytest.mark.parametrize("codes", [{}, {"outcome": "siirretty"}, {"classification": "2026"}])
def test_no_outcome_and_no_classification_are_empty_codes(codes: dict[str, str]) -> None:
    measure = f"handled/terveys/{codes.get('outcome', '')}/{codes.get('classification', '')}"
    assert counts_of(contact(**ANSWERED, **codes))[measure] == {"handled": 1, "guided": 1}


def test_sms_counts_as_guidance_only() -> None:
    fact = contact(**ANSWERED, **LINKED, channel="sms", outcome="hyte-ohjattu", repeats_within=1)
    assert counts_of(fact) == {
        "access/terveys": {"inbound": 1, "sms": 1, "handled": 1, "w1": 1},
        "handled/terveys/hyte-ohjattu/": {"guided": 1},
    }


def test_digital_booking_counts_as_a_booking_only() -> None:
    fact = contact(**ANSWERED, **LINKED, channel="digital_booking", outcome="ajanvaraus", due=START, transfers=3)
    assert counts_of(fact) == {"access/terveys": {"digital_booking": 1}}
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
    assert counts_of(contact(**{**ANSWERED, **LINKED, "outcome": "hoidettu", **fields})) == {}


def test_planned_contact_counts_like_any_other() -> None:
    plain, planned = contact(**ANSWERED, **LINKED), contact(**ANSWERED, **LINKED, planned=True)
    assert counts_of(plain) == counts_of(planned)
    assert (plain.repeatable, planned.repeatable) == (True, False)


@pytest.mark.parametrize(
    ("transfers", "expected"),
    [(0, {}), (1, {"transfers": 1}), (2, {"transfers": 2, "bounced": 1}), (9, {"transfers": 9, "bounced": 1})],
)
def test_transfers_of_handled_contacts_are_counted(transfers: int, expected: dict[str, int]) -> None:
    handled = {**INBOUND, "handled": 1, "w1": 1}
    assert access_counts(**ANSWERED, transfers=transfers) == {**handled, **expected}
    assert access_counts(transfers=transfers) == INBOUND  # transfers of unanswered contacts do not count


def test_requested_callback_is_counted() -> None:
    requested = {"callback_requested_at": START + 5 * SECOND}
    assert access_counts(**requested) == {**INBOUND, "callback_requested": 1}
    reached = {**requested, "callback_reached_at": START + 3600 * SECOND, "callback_same_day": True}
    mode = {"answer_mode": "callback"}
    expected = {"callback_requested": 1, "callback_same_day": 1, "handled": 1, "callback": 1, "w8": 1}
    assert access_counts(**reached, **mode) == {**INBOUND, **expected}
    attempted = {**requested, "callback_first_attempt_at": START + 120 * SECOND}
    assert access_counts(**attempted, **mode) == {**INBOUND, "callback_requested": 1, "w3": 1}


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
def test_promise_is_kept_up_to_its_due_time(fields: dict[str, Any], expected: dict[str, int]) -> None:
    assert access_counts(**fields, **PROMISED) == {**INBOUND, **expected}
    without = {name: number for name, number in expected.items() if name in ("handled", "early") or name[0] == "w"}
    assert access_counts(**fields) == {**INBOUND, **without}


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
def test_smallest_window_decides_the_counts_of_every_window(
    channel: str, repeated: int | None, repeats: int | None, expected: set[str]
) -> None:
    fact = contact(**ANSWERED, **LINKED, channel=channel, repeated_within=repeated, repeats_within=repeats)
    base = {"handled": 1, "guided": 1, "linkable": 1}
    assert counts_of(fact)["handled/terveys//"] == {**base, **dict.fromkeys(expected, 1)}


@pytest.mark.parametrize("missing", ["own_client", "reason"])
def test_contact_without_client_or_reason_is_not_linkable(missing: str) -> None:
    fact = contact(**ANSWERED, **{**LINKED, missing: None}, repeated_within=1, repeats_within=1)
    assert counts_of(fact)["handled/terveys//"] == {"handled": 1, "guided": 1}


def test_hyte_count_adds_its_amount() -> None:
    count = HyteCount("oma-hame", "h1", b"", False, "keskus", 7, TODAY, "tray_visit", 12)
    assert counts_of(count) == {"hyte_count/tray_visit": {"amount": 12}}
    (contribution,) = contributions(count)
    assert contribution.dimensions == (TODAY, 7, "all", "all")


def test_retracted_facts_count_nothing() -> None:
    full = contact(**ANSWERED, **LINKED, transfers=4, due=START, repeats_within=7, repeated_within=1)
    erased = tombstone(full)
    assert (erased.county, erased.id, erased.rank, erased.retracted) == ("oma-hame", "c1", b"", True)
    assert erased == type(erased)("oma-hame", "c1", b"", retracted=True), "only county, id and rank are left"
    assert counts_of(erased) == counts_of(HyteCount("oma-hame", "h1", b"", retracted=True)) == {}


def test_correction_adds_new_and_subtracts_old_contributions() -> None:
    old = contact(**ANSWERED, **LINKED, outcome="hoidettu", transfers=2)
    new = contact(**ANSWERED, **LINKED, outcome="siirretty", transfers=1, repeated_within=7)
    deltas = Deltas()
    deltas.add(contributions(old), -1)
    deltas.add(contributions(new))
    found = deltas.rows()
    assert found.keys() == {ACCESS, HANDLED}
    ((key, counts),) = found[ACCESS]
    assert key[1:] == (7, "phone", "other", "terveys")
    named = {name: count for name, count in zip(ACCESS.counts, counts, strict=True) if count}
    assert named == {"transfers": -1, "bounced": -1}
    rows = {key[5]: dict(zip(HANDLED.counts, counts, strict=True)) for key, counts in found[HANDLED]}
    assert {name: -count for name, count in rows["hoidettu"].items() if count} == NOT_REPEATED
    assert (rows["siirretty"]["unrepeated_1"], rows["siirretty"]["unrepeated_7"]) == (1, 0)
