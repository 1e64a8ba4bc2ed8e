"""Validation as a whole: the order of reasons, every event type, dropped fields and the canonical event."""

import json
from datetime import UTC, datetime

import pytest

from services.ingest.validate import Accepted
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
    PID,
    PLAN,
    canonical,
    canonical_data,
    context,
    event,
    judge,
    reason,
)

FAR_FUTURE = "2099-01-01T12:00:00+02:00"


def test_first_reason_that_applies_is_reported():
    """Everything is wrong at first, and is corrected one problem at a time."""
    sent = event("fi.hva.hyte.counted.v1", unit="xx", kind="other", muistio=HETU)
    sent |= {"source": "urn:hva:muu:acd", "type": "x", "time": FAR_FUTURE, "specversion": "2"}
    raw = json.dumps(sent)
    assert reason((raw + " " * 1_048_576).replace("}}", "}").encode()) == "too_large"
    assert reason(raw.replace("}}", "}").encode()) == "undecodable"
    assert reason(sent) == "envelope"
    sent["specversion"] = "1.0"
    assert reason(sent, Stream.CARE) == "unknown_source"
    sent["source"] = "urn:hva:oma-hame:acd"
    assert reason(sent, Stream.CARE) == "unknown_type"
    sent["type"] = HYTE
    assert reason(sent, Stream.CARE) == "wrong_topic"
    assert reason(sent, Stream.CONTACT) == "personal_id"
    del sent["data"]["muistio"]
    assert reason(sent) == "schema"
    sent["data"]["kind"] = "tray_visit"
    assert reason(sent) == "unknown_unit"
    sent["data"]["unit"] = "ta"
    assert reason(sent) == "future_time"
    sent["time"] = "2026-05-01T10:05:00Z"
    assert reason(sent) is None


@pytest.mark.parametrize("name", DATA)
def test_every_type_is_accepted_with_its_topic_and_key(name):
    kind = EVENT_TYPES[name]
    verdict = judge(event(name))
    assert isinstance(verdict, Accepted), verdict
    (field, fact) = next((f, k) for f, k in kind.ids.items() if f in DATA[name])
    assert verdict.kind == fact
    assert (verdict.county, verdict.source, verdict.type) == ("oma-hame", "urn:hva:oma-hame:acd", name)
    assert verdict.time == datetime(2026, 5, 1, 7, 5, tzinfo=UTC)
    is_person_stream = fact in ("merge", "erasure")
    assert verdict.topic == ("hva.person.v1" if is_person_stream else f"hva.{kind.stream}.v1")
    business_id = DATA[name][field]
    key = PID if "client" in DATA[name] else business_id
    assert verdict.key.decode() == (f"oma-hame:{fact}:{business_id}" if is_person_stream else key)
    assert verdict.unknown_fields == 0
    for stream in Stream:
        assert (reason(event(name), stream) is None) == (stream == kind.stream)


RETRACTIONS = [(name, field) for name, kind in EVENT_TYPES.items() if kind.retraction for field in kind.ids]


@pytest.mark.parametrize(("name", "field"), RETRACTIONS)
def test_retraction_has_exactly_one_id(name, field):
    kind = EVENT_TYPES[name]
    only = dict.fromkeys(kind.ids, ...) | {field: "x1"}
    verdict = judge(event(name, **only))
    assert verdict.kind == kind.ids[field]
    assert canonical_data(event(name, **only)) == {"revision": 2, field: "x1"}
    assert canonical_data(event(name, **dict.fromkeys(kind.ids), **{}) | {"data": {field: "x1"}}) == {
        "revision": 1,
        field: "x1",
    }
    is_person_stream = kind.ids[field] == "merge"
    assert verdict.topic == ("hva.person.v1" if is_person_stream else f"hva.{kind.stream}.v1")
    assert verdict.key.decode() == ("oma-hame:merge:x1" if is_person_stream else "x1")
    for other in kind.ids:
        if other != field:
            assert reason(event(name, **only | {other: "x2"})) == "schema"
            assert reason(event(name, **only | {other: None})) is None


def test_erasures_cannot_be_retracted():
    assert reason(event("fi.hva.care.retracted.v1", plan_id=..., erasure_id="e1")) == "schema"
    assert canonical_data(event("fi.hva.care.retracted.v1", erasure_id="e1")) == {"revision": 2, "plan_id": "p1"}


def test_unknown_fields_are_dropped_at_any_depth_and_counted():
    sent = event(
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
    verdict = judge(sent | {"laajennus": 1})
    assert verdict.unknown_fields == 3 + 1 + 4 + 1
    assert canonical_data(sent)["answers"] == [{"question": "useful", "value": 5}, {"question": "oma", "value": 1}]
    assert not canonical_data(sent).keys() & {"lisa", "tyhja", "contact_id", "from_client", "x"}


def test_merge_has_two_pseudonyms():
    found = canonical(event(MERGED))["data"]
    assert found.keys() == {"revision", "merge_id", "from", "into"}
    assert all(text.startswith("k1.") for text in (found["from"], found["into"]))
    assert canonical(event(MERGED))["digest"] == canonical(event(MERGED, into={"local_id": "A2"}))["digest"]
    # A merge of a person with themselves is harmless.
    assert reason(event(MERGED, into={"hetu": HETU})) is None


def test_unit_must_be_known_in_the_county():
    assert reason(event(unit="tb")) is None
    for unit in ("tays", "TA", "ta ", "x"):
        assert reason(event(unit=unit)) == "unknown_unit"
    assert reason(event(unit="tays") | {"source": "urn:hva:pirha:acd"}) is None
    for name, kind in EVENT_TYPES.items():
        if "unit" in kind.fields:
            assert reason(event(name, unit="tays")) == "unknown_unit"


def test_source_must_be_registered_for_the_stream():
    allowed = context(sources={"urn:hva:oma-hame:acd": frozenset({"contact"})})
    assert reason(event(), ctx=allowed) is None
    assert reason(event() | {"source": "urn:hva:oma-hame:other"}, ctx=allowed) == "unknown_source"
    assert reason(event(), Stream.CARE, ctx=allowed) == "unknown_source"  # before wrong_topic
    assert reason(event(), Stream.CARE) == "wrong_topic"
    assert reason(event(PLAN), ctx=allowed) == "unknown_source"
    assert reason(event(), ctx=context(sources={})) == "unknown_source"
    assert reason(event() | {"source": "urn:hva:muu:acd"}) == "unknown_source"


@pytest.mark.parametrize("type_", ["x", CONTACT.upper(), "fi.hva.contact.recorded.v2", CONTACT + " ", "__class__"])
def test_unknown_type_is_rejected(type_):
    for stream in Stream:
        assert reason(event() | {"type": type_}, stream) == "unknown_type"


def test_canonical_event_is_complete():
    verdict = judge(event(client={"hetu": HETU}, reason="kipu", x=1))
    assert json.loads(verdict.value) == {
        "specversion": "1.0",
        "id": "e1",
        "source": "urn:hva:oma-hame:acd",
        "type": CONTACT,
        "time": "2026-05-01T07:05:00.000000Z",
        "digest": canonical(event(reason="kipu"))["digest"],
        "county": "oma-hame",
        "data": canonical_data(event(reason="kipu")) | {"client": verdict.key.decode()},
    }


def test_details_contain_no_values():
    secret = "salaisuus"
    for sent in (
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
        assert secret not in judge(sent).detail
