"""Validation as a whole: the order of the reasons, every field of every type, and what comes out."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.decode import Accepted
from shared.contracts.catalogue import Stream
from shared.contracts.event_types import EVENT_TYPES
from tests.unit.ingest_cases import (
    ANSWERED,
    CONTACT,
    DATA,
    GIVEN,
    HETU,
    HYTE,
    MERGED,
    NOW,
    PID,
    PLAN,
    SERVICE,
    canonical,
    context,
    event,
    judge,
    kept,
    reason,
)

FAR = "2099-01-01T12:00:00+02:00"


def test_the_first_reason_that_applies_is_told():
    """Everything is wrong at once; each is mended in turn."""
    what = event("fi.hva.hyte.counted.v1", unit="xx", kind="other", muistio=HETU)
    what |= {"source": "urn:hva:muu:acd", "type": "x", "time": FAR, "specversion": "2"}
    raw = json.dumps(what)
    assert reason((raw + " " * 1_048_576).replace("}}", "}").encode()) == "too_large"
    assert reason(raw.replace("}}", "}").encode()) == "undecodable"
    assert reason(what) == "envelope"
    what["specversion"] = "1.0"
    assert reason(what, Stream.CARE) == "unknown_source"
    what["source"] = "urn:hva:oma-hame:acd"
    assert reason(what, Stream.CARE) == "unknown_type"
    what["type"] = HYTE
    assert reason(what, Stream.CARE) == "wrong_topic"
    assert reason(what, Stream.CONTACT) == "personal_id"
    del what["data"]["muistio"]
    assert reason(what) == "schema"
    what["data"]["kind"] = "tray_visit"
    assert reason(what) == "unknown_unit"
    what["data"]["unit"] = "ta"
    assert reason(what) == "future_time"
    what["time"] = "2026-05-01T10:05:00Z"
    assert reason(what) is None


@pytest.mark.parametrize("name", DATA)
def test_every_type(name):
    kind = EVENT_TYPES[name]
    verdict = judge(event(name))
    assert isinstance(verdict, Accepted), verdict
    (field, fact) = next((f, k) for f, k in kind.ids.items() if f in DATA[name])
    assert verdict.kind == fact
    assert (verdict.county, verdict.source, verdict.type) == ("oma-hame", "urn:hva:oma-hame:acd", name)
    assert verdict.time == datetime(2026, 5, 1, 7, 5, tzinfo=UTC)
    person = fact in ("merge", "erasure")
    assert verdict.topic == ("hva.person.v1" if person else f"hva.{kind.stream}.v1")
    business_id = DATA[name][field]
    key = PID if "client" in DATA[name] else business_id
    assert verdict.key.decode() == (f"oma-hame:{fact}:{business_id}" if person else key)
    assert verdict.left_out == 0
    for stream in Stream:
        assert (reason(event(name), stream) is None) == (stream == kind.stream)


REQUIRED = [
    (name, field)
    for name, data in DATA.items()
    for field in data
    if not (name.endswith(".retracted.v1") and field == "revision")
]


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_required_fields(name, field):
    assert reason(event(name, **{field: ...})) == "schema"
    assert reason(event(name, **{field: None})) == "schema"


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("revision", [0, -1, 1.5, "1", True, [], 9.0000000000000001e0 + 0.5, {}])
def test_a_revision_is_a_whole_number_from_1(name, revision):
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
def test_revisions_as_written(text, expected):
    raw = json.dumps(event(revision=7)).replace('"revision": 7', f'"revision": {text}').encode()
    verdict = judge(raw, Stream.CONTACT)
    if expected is None:
        assert verdict.reason == "schema"
    else:
        assert json.loads(verdict.value)["data"]["revision"] == expected


def test_default_revision_and_other_defaults():
    assert kept(event()) == {
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
    assert kept(event(ANSWERED)).items() >= {"respondent": "client", "has_comment": False}.items()
    assert kept(event(SERVICE)).items() >= {"event_class": "other", "status": "done"}.items()
    assert kept(event("fi.hva.care.suuntima.v1"))["sex"] == "unknown"
    assert kept(event(GIVEN))["wants_reply"] is False


OPTIONAL = {
    CONTACT: "revision direction answered_at ended_at answer_mode callback_requested_at callback_first_attempt_at "
    "callback_reached_at promised_by abandoned excluded client reason outcome classification transfers planned",
    ANSWERED: "revision served_at invitation_id client respondent age_group language question_set has_comment comment",
    GIVEN: "revision themes comment wants_reply replied_at client",
    SERVICE: "revision event_class status",
    PLAN: "revision valid_to",
}


@pytest.mark.parametrize(("name", "field"), [(n, f) for n, fields in OPTIONAL.items() for f in fields.split()])
def test_null_in_an_optional_field_is_absence(name, field):
    with_null, without = judge(event(name, **{field: None})), judge(event(name))
    assert with_null == without
    assert with_null.left_out == 0


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
def test_ids_and_codes_are_texts_of_1_to_200_characters(name, field, value):
    assert reason(event(name, **{field: value})) == "schema"


@pytest.mark.parametrize(("name", "field"), CODES)
def test_reserved_codes(name, field):
    assert reason(event(name, **{field: "all"})) == "schema"
    assert reason(event(name, **{field: "-"})) == "schema"
    if field != "unit":
        for value in ("All", "ALL", "--", "all ", "al", "𝔞" * 200, " ", "ä\n"):
            assert kept(event(name, **{field: value}))[field] == value


@pytest.mark.parametrize(("name", "field"), IDS)
def test_ids_are_free(name, field):
    for value in ("all", "-", "𝔞" * 200, " x "):
        assert kept(event(name, **{field: value}))[field] == value


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
def test_closed_lists(name, field, good, bad):
    for value in good.split():
        assert kept(event(name, **{field: value}))[field] == value
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
def test_booleans_are_strict(name, field):
    assert kept(event(name, **{field: True}))[field] is True
    assert kept(event(name, **{field: False}))[field] is False
    for value in (1, 0, "true", "false", "yes", 1.0, [], {}):
        assert reason(event(name, **{field: value})) == "schema"


@pytest.mark.parametrize(("name", "field"), [(CONTACT, "transfers"), (HYTE, "count")])
def test_counts_are_bigints(name, field):
    for value, expected in [(0, 0), (9.0, 9), (-0.0, 0), (2**63 - 1, 2**63 - 1), (1e3, 1000)]:
        found = kept(event(name, **{field: value}))[field]
        assert (found, type(found)) == (expected, int)
    for value in (-1, 1.5, 2**63, 2**64, 1e300, "9", True, []):
        assert reason(event(name, **{field: value})) == "schema"


TIMES = [(name, field) for name, kind in EVENT_TYPES.items() for field in kind.instants]


@pytest.mark.parametrize(("name", "field"), TIMES)
def test_times(name, field):
    assert kept(event(name, **{field: "2026-03-31t23:59:59.9999999+03:00"}))[field] == "2026-03-31T20:59:59.999999Z"
    for value in ("2026-03-01", "2026-03-01T12:00:00", "0001-01-01T00:00:00+02:00", 1767225600, True, [], ""):
        assert reason(event(name, **{field: value})) == "schema"


@pytest.mark.parametrize(("name", "field"), [("fi.hva.feedback.invited.v1", None), *TIMES])
def test_times_ahead(name, field):
    limit = NOW + timedelta(hours=1)
    for moment, ahead in [(limit, False), (limit + timedelta(microseconds=1), field != "promised_by")]:
        what = event(name, **{field: moment.isoformat()}) if field else event(name) | {"time": moment.isoformat()}
        verdict = judge(what)
        if ahead:
            assert (verdict.reason, verdict.retry_at) == ("future_time", moment - timedelta(hours=1))
            assert verdict.detail == f"{f'data.{field}' if field else 'time'}: more than an hour ahead"
            assert isinstance(judge(what, ctx=context(now=verdict.retry_at)), Accepted)
        else:
            assert isinstance(verdict, Accepted)


def test_the_latest_of_several_times_ahead_decides_when():
    verdict = judge(event(answered_at=FAR, ended_at="2100-01-01T00:00:00Z") | {"time": FAR})
    assert verdict.retry_at == datetime(2099, 12, 31, 23, tzinfo=UTC)
    assert verdict.source == "urn:hva:oma-hame:acd"
    assert judge(event(ended_at="9999-12-31T23:59:59.999999Z")).reason == "future_time"


def test_a_day_ahead_counts_as_its_local_midnight():
    what = event(HYTE, counted_on="2026-06-02")
    for now, expected in [("2026-06-01T19:59:59", "future_time"), ("2026-06-01T20:00:00", None)]:
        assert reason(what, ctx=context(datetime.fromisoformat(f"{now}+00:00"))) == expected
    assert judge(what, ctx=context(NOW)).retry_at == datetime(2026, 6, 1, 20, tzinfo=UTC)
    assert reason(event(HYTE, counted_on="0001-01-01")) is None
    assert reason(event(HYTE, counted_on="9999-12-31")) == "future_time"


def test_promises_and_validity_may_be_ahead():
    assert reason(event(promised_by=FAR)) is None
    assert reason(event(PLAN, valid_from="2099-01-01", valid_to="9999-12-31")) is None


@pytest.mark.parametrize("name", ["fi.hva.care.common-client.v1", PLAN, "fi.hva.care.segment.v1"])
def test_validity(name):
    assert kept(event(name, valid_to="2026-05-02"))["valid_to"] == "2026-05-02"
    assert "valid_to" not in kept(event(name))
    for value in ("2026-05-01", "2026-04-30", "2026-02-30", "20260502", "2026-05-02T00:00:00Z", 7, ""):
        assert reason(event(name, valid_to=value)) == "schema"


def answered(question, value):
    return event(ANSWERED, answers=[{"question": question, "value": value}])


RANGES = {
    range(11): ["recommend"],
    range(1, 6): ["useful", "easy_contact", "cooperation", "oma", "thl_other", "pei_other", "Recommend", "recommend "],
    range(6): ["thl_help", "thl_cared", "thl_decide", "thl_safe", "thl_next", "thl_clear", "thl_useful"],
}


@pytest.mark.parametrize(("values", "question"), [(v, q) for v, questions in RANGES.items() for q in questions])
def test_answers_in_numbers(values, question):
    for value in range(-1, 13):
        assert (reason(answered(question, value)) is None) == (value in values)
        assert (reason(answered(question, float(value))) is None) == (value in values)
    assert kept(answered(question, 5.0))["answers"] == [{"question": question, "value": 5}]
    assert type(kept(answered(question, 5.0))["answers"][0]["value"]) is int
    for value in (4.5, "5", True, None, [5], "better", 10**30, {}):
        assert reason(answered(question, value)) == "schema"


@pytest.mark.parametrize("question", ["pei_cope_illness", "pei_cope_situation"])
def test_answers_in_words(question):
    for value in ["much_better", "better", "same_or_less", "dont_know"]:
        assert kept(answered(question, value))["answers"][0]["value"] == value
    for value in ("worse", "", 1, 0, True, None):
        assert reason(answered(question, value)) == "schema"


@pytest.mark.parametrize(
    "answers",
    [
        {},
        "x",
        7,
        [7],
        ["useful"],
        [None],
        [[]],
        [{}],
        [{"question": "useful"}],
        [{"value": 5}],
        [{"question": None, "value": 5}],
        [{"question": "all", "value": 5}],
        [{"question": "-", "value": 5}],
        [{"question": "", "value": 5}],
        [{"question": "a\0", "value": 5}],
        [{"question": 7, "value": 5}],
        [{"question": "useful", "value": 5}, {"question": "useful", "value": 5}],
        [{"question": "useful", "value": 5}, {"question": "oma", "value": 1}, {"question": "useful", "value": 4.0}],
    ],
)
def test_what_are_no_answers(answers):
    assert reason(event(ANSWERED, answers=answers)) == "schema"


def test_answers_may_be_none_or_many():
    assert kept(event(ANSWERED, answers=[]))["answers"] == []
    many = [{"question": f"q{n}", "value": 1 + n % 5} for n in range(500)]
    assert kept(event(ANSWERED, answers=many))["answers"] == many


@pytest.mark.parametrize("themes", ["kohtaaminen", [1], [None], ["all"], ["-"], [""], ["x" * 201], ["a\0"], {}, 7])
def test_what_are_no_themes(themes):
    assert reason(event(GIVEN, themes=themes)) == "schema"


RETRACTIONS = [(name, field) for name, kind in EVENT_TYPES.items() if kind.retraction for field in kind.ids]


@pytest.mark.parametrize(("name", "field"), RETRACTIONS)
def test_a_retraction_has_exactly_one_id(name, field):
    kind = EVENT_TYPES[name]
    only = dict.fromkeys(kind.ids, ...) | {field: "x1"}
    verdict = judge(event(name, **only))
    assert verdict.kind == kind.ids[field]
    assert kept(event(name, **only)) == {"revision": 2, field: "x1"}
    assert kept(event(name, **dict.fromkeys(kind.ids), **{}) | {"data": {field: "x1"}}) == {"revision": 1, field: "x1"}
    person = kind.ids[field] == "merge"
    assert verdict.topic == ("hva.person.v1" if person else f"hva.{kind.stream}.v1")
    assert verdict.key.decode() == ("oma-hame:merge:x1" if person else "x1")
    for other in kind.ids:
        if other != field:
            assert reason(event(name, **only | {other: "x2"})) == "schema"
            assert reason(event(name, **only | {other: None})) is None


def test_erasures_are_not_taken_back():
    assert reason(event("fi.hva.care.retracted.v1", plan_id=..., erasure_id="e1")) == "schema"
    assert kept(event("fi.hva.care.retracted.v1", erasure_id="e1")) == {"revision": 2, "plan_id": "p1"}


def test_unknown_fields_are_left_out_at_any_depth_and_counted():
    what = event(
        ANSWERED,
        answers=[
            {"question": "useful", "value": 5, "x": 1, "y": {"z": []}},
            {"question": "oma", "value": 1.0, "x": None},
        ],
        client={"local_id": "A1", "nimi": "x"},
        lisa={"syva": [1, {"a": None}]},
        tyhja=None,
        contact_id="c1",
        from_client="x",
    )
    verdict = judge(what | {"laajennus": 1})
    assert verdict.left_out == 3 + 1 + 4 + 1
    assert kept(what)["answers"] == [{"question": "useful", "value": 5}, {"question": "oma", "value": 1}]
    assert not kept(what).keys() & {"lisa", "tyhja", "contact_id", "from_client", "x"}


def test_a_merge_names_two():
    found = canonical(event(MERGED))["data"]
    assert found.keys() == {"revision", "merge_id", "from", "into"}
    assert all(text.startswith("k1.") for text in (found["from"], found["into"]))
    assert canonical(event(MERGED))["digest"] == canonical(event(MERGED, into={"local_id": "A2"}))["digest"]
    assert reason(event(MERGED, into={"hetu": HETU})) is None  # one person with himself: harmless


def test_units():
    assert reason(event(unit="tb")) is None
    for unit in ("tays", "TA", "ta ", "x"):
        assert reason(event(unit=unit)) == "unknown_unit"
    assert reason(event(unit="tays") | {"source": "urn:hva:pirha:acd"}) is None
    for name, kind in EVENT_TYPES.items():
        if "unit" in kind.fields:
            assert reason(event(name, unit="tays")) == "unknown_unit"


def test_sources():
    allowed = context(sources={"urn:hva:oma-hame:acd": frozenset({"contact"})})
    assert reason(event(), ctx=allowed) is None
    assert reason(event() | {"source": "urn:hva:oma-hame:other"}, ctx=allowed) == "unknown_source"
    assert reason(event(), Stream.CARE, ctx=allowed) == "unknown_source"  # before wrong_topic
    assert reason(event(), Stream.CARE) == "wrong_topic"
    assert reason(event(PLAN), ctx=allowed) == "unknown_source"
    assert reason(event(), ctx=context(sources={})) == "unknown_source"
    assert reason(event() | {"source": "urn:hva:muu:acd"}) == "unknown_source"


@pytest.mark.parametrize("type_", ["x", CONTACT.upper(), "fi.hva.contact.recorded.v2", CONTACT + " ", "__class__"])
def test_types(type_):
    for stream in Stream:
        assert reason(event() | {"type": type_}, stream) == "unknown_type"


def test_the_canonical_event_as_a_whole():
    verdict = judge(event(client={"hetu": HETU}, reason="kipu", x=1))
    assert json.loads(verdict.value) == {
        "specversion": "1.0",
        "id": "e1",
        "source": "urn:hva:oma-hame:acd",
        "type": CONTACT,
        "time": "2026-05-01T07:05:00.000000Z",
        "digest": canonical(event(reason="kipu"))["digest"],
        "county": "oma-hame",
        "data": kept(event(reason="kipu")) | {"client": verdict.key.decode()},
    }


def test_details_hold_no_values():
    secret = "salaisuus"
    for what in (
        event(channel=secret),
        event(client={secret: secret}),
        event(unit=secret),
        event(GIVEN, themes=[secret, 7]),
        event(ANSWERED, answers=[{"question": secret, "value": secret}]),
        event(started_at=secret),
        event() | {"source": secret},
        event() | {"time": secret},
        f'{{"{secret}":'.encode(),
    ):
        assert secret not in judge(what).detail
