"""Fields of all event types: required fields, codes, ids, closed lists and counts."""

import json

import pytest

from shared.contracts.catalogue import Stream
from shared.contracts.event_types import EVENT_TYPES
from tests.unit.ingest_cases import (
    ANSWERED,
    CONTACT,
    DATA,
    GIVEN,
    HYTE,
    PLAN,
    SERVICE,
    canonical_data,
    event,
    judge,
    reason,
)

REQUIRED = [
    (name, field)
    for name, data in DATA.items()
    for field in data
    if not (name.endswith(".retracted.v1") and field == "revision")
]


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_missing_or_null_required_field_is_rejected(name, field):
    assert reason(event(name, **{field: ...})) == "schema"
    assert reason(event(name, **{field: None})) == "schema"


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("revision", [0, -1, 1.5, "1", True, [], 9.0000000000000001e0 + 0.5, {}])
def test_revision_must_be_a_positive_integer(name, revision):
    assert reason(event(name, revision=revision)) == "schema"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("9.0", 9),
        ("1e2", 100),
        ("2.5e1", 25),
        ("18446744073709551616", 2**64),
        ("1" + "0" * 399, 10**399),
        ("1e399", 10**399),
        ("9007199254740993.0", 2**53 + 1),
        ("null", 1),
        ("9.0000000000000000001", None),
        ("0.9999999999999999999999", None),
        ("-0.0", None),
        ("1e-400", None),
        ("9" * 100_000, None),
        ("1e100000", None),
    ],
)
def test_revision_is_read_exactly_as_written(text, expected):
    raw = json.dumps(event(revision=7)).replace('"revision": 7', f'"revision": {text}').encode()
    verdict = judge(raw, Stream.CONTACT)
    if expected is None:
        assert verdict.reason == "schema"
    else:
        assert json.loads(verdict.value)["data"]["revision"] == expected


def test_defaults_are_filled_in():
    assert canonical_data(event()) == {
        "revision": 1,
        "contact_id": "c1",
        "unit": "ta",
        "line": "terveys",
        "channel": "phone",
        "direction": "inbound",
        "started_at": "2026-05-01T07:00:00.000000Z",
        "abandoned": False,
        "transfers": 0,
        "planned": False,
    }
    assert canonical_data(event(ANSWERED)).items() >= {"respondent": "client", "has_comment": False}.items()
    assert canonical_data(event(SERVICE)).items() >= {"event_class": "other", "status": "done"}.items()
    assert canonical_data(event("fi.hva.care.suuntima.v1"))["sex"] == "unknown"
    assert canonical_data(event(GIVEN))["wants_reply"] is False


OPTIONAL = {
    CONTACT: "revision direction answered_at ended_at answer_mode callback_requested_at callback_first_attempt_at "
    "callback_reached_at promised_by abandoned excluded client reason outcome classification transfers planned",
    ANSWERED: "revision served_at invitation_id client respondent age_group language question_set has_comment comment",
    GIVEN: "revision themes comment wants_reply replied_at client",
    SERVICE: "revision event_class status",
    PLAN: "revision valid_to",
}


@pytest.mark.parametrize(("name", "field"), [(n, f) for n, fields in OPTIONAL.items() for f in fields.split()])
def test_null_in_an_optional_field_means_absent(name, field):
    with_null, without = judge(event(name, **{field: None})), judge(event(name))
    assert with_null == without
    assert with_null.unknown_fields == 0


CODES = [
    (CONTACT, "unit"),
    (CONTACT, "line"),
    (CONTACT, "reason"),
    (CONTACT, "outcome"),
    (CONTACT, "classification"),
    (ANSWERED, "question_set"),
    (SERVICE, "sector"),
    ("fi.hva.care.segment.v1", "scheme"),
    ("fi.hva.care.segment.v1", "segment"),
]
IDS = [(name, field) for name, kind in EVENT_TYPES.items() for field in kind.ids if field in DATA[name]]


@pytest.mark.parametrize(("name", "field"), [*CODES, *IDS, (ANSWERED, "invitation_id")])
@pytest.mark.parametrize("value", ["", "x" * 201, "a\0b", 7, True, [], {}, ["x"]])
def test_ids_and_codes_must_be_strings_of_1_to_200_characters(name, field, value):
    assert reason(event(name, **{field: value})) == "schema"


@pytest.mark.parametrize(("name", "field"), CODES)
def test_reserved_codes_are_rejected(name, field):
    assert reason(event(name, **{field: "all"})) == "schema"
    assert reason(event(name, **{field: "-"})) == "schema"
    if field != "unit":
        for value in ("All", "ALL", "--", "all ", "al", "𝔞" * 200, " ", "ä\n"):
            assert canonical_data(event(name, **{field: value}))[field] == value


@pytest.mark.parametrize(("name", "field"), IDS)
def test_ids_may_be_any_string(name, field):
    for value in ("all", "-", "𝔞" * 200, " x "):
        assert canonical_data(event(name, **{field: value}))[field] == value


CLOSED = [
    (CONTACT, "channel", "phone chat sms digital_booking other", "email"),
    (CONTACT, "direction", "inbound outbound", "sideways"),
    (CONTACT, "answer_mode", "direct callback", "later"),
    (CONTACT, "excluded", "test spam wrong_number internal", "maybe"),
    (ANSWERED, "channel", "sms device web app phone paper chat other", "digital_booking"),
    (GIVEN, "channel", "sms device web app phone paper chat other", "fax"),
    ("fi.hva.feedback.invited.v1", "channel", "sms device web app phone paper chat other", "fax"),
    (ANSWERED, "respondent", "client relative professional", "neighbour"),
    (ANSWERED, "age_group", "7-12 13-17 18+", "19+"),
    (ANSWERED, "language", "fi sv en se sms smn other", "ru"),
    (GIVEN, "kind", "thanks complaint idea question", "praise"),
    (HYTE, "kind", "tray_visit exercise_referral digital_path_coaching", "other"),
    (SERVICE, "event_class", "visit home_visit remote inpatient_day group other", "party"),
    (SERVICE, "status", "done cancelled no_show", "maybe"),
    ("fi.hva.care.suuntima.v1", "result", "omatoimi yhteistyo yhteiso verkosto", "jotain"),
    ("fi.hva.care.suuntima.v1", "battery", "functioning illness social risk", "all"),
    ("fi.hva.care.suuntima.v1", "sex", "woman man other unknown", "F"),
]


@pytest.mark.parametrize(("name", "field", "good", "bad"), CLOSED)
def test_closed_list_accepts_only_its_values(name, field, good, bad):
    for value in good.split():
        assert canonical_data(event(name, **{field: value}))[field] == value
    first = good.split()[0]
    for value in (bad, "", "all", "-", f"{first} ", f" {first}", first + "X", 1, True, [first], {}):
        assert reason(event(name, **{field: value})) == "schema"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("fi.hva.feedback.invited.v1", "delivered"),
        (ANSWERED, "has_comment"),
        (GIVEN, "wants_reply"),
        (CONTACT, "abandoned"),
        (CONTACT, "planned"),
    ],
)
def test_boolean_fields_accept_only_booleans(name, field):
    assert canonical_data(event(name, **{field: True}))[field] is True
    assert canonical_data(event(name, **{field: False}))[field] is False
    for value in (1, 0, "true", "false", "yes", 1.0, [], {}):
        assert reason(event(name, **{field: value})) == "schema"


@pytest.mark.parametrize(("name", "field"), [(CONTACT, "transfers"), (HYTE, "count")])
def test_counts_must_be_non_negative_64_bit_integers(name, field):
    for value, expected in [(0, 0), (9.0, 9), (-0.0, 0), (2**63 - 1, 2**63 - 1), (1e3, 1000)]:
        found = canonical_data(event(name, **{field: value}))[field]
        assert (found, type(found)) == (expected, int)
    for value in (-1, 1.5, 2**63, 2**64, 1e300, "9", True, []):
        assert reason(event(name, **{field: value})) == "schema"
