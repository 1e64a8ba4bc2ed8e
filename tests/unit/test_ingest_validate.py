"""Validation as a whole: the order of the reasons, every type, what is left out, and what comes out."""

import json
from datetime import UTC, datetime

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
    PID,
    PLAN,
    canonical,
    canonical_data,
    context,
    event,
    judge,
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
    assert verdict.unknown_fields == 0
    for stream in Stream:
        assert (reason(event(name), stream) is None) == (stream == kind.stream)


RETRACTIONS = [(name, field) for name, kind in EVENT_TYPES.items() if kind.retraction for field in kind.ids]


@pytest.mark.parametrize(("name", "field"), RETRACTIONS)
def test_a_retraction_has_exactly_one_id(name, field):
    kind = EVENT_TYPES[name]
    only = dict.fromkeys(kind.ids, ...) | {field: "x1"}
    verdict = judge(event(name, **only))
    assert verdict.kind == kind.ids[field]
    assert canonical_data(event(name, **only)) == {"revision": 2, field: "x1"}
    assert canonical_data(event(name, **dict.fromkeys(kind.ids), **{}) | {"data": {field: "x1"}}) == {
        "revision": 1,
        field: "x1",
    }
    person = kind.ids[field] == "merge"
    assert verdict.topic == ("hva.person.v1" if person else f"hva.{kind.stream}.v1")
    assert verdict.key.decode() == ("oma-hame:merge:x1" if person else "x1")
    for other in kind.ids:
        if other != field:
            assert reason(event(name, **only | {other: "x2"})) == "schema"
            assert reason(event(name, **only | {other: None})) is None


def test_erasures_are_not_taken_back():
    assert reason(event("fi.hva.care.retracted.v1", plan_id=..., erasure_id="e1")) == "schema"
    assert canonical_data(event("fi.hva.care.retracted.v1", erasure_id="e1")) == {"revision": 2, "plan_id": "p1"}


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
    assert verdict.unknown_fields == 3 + 1 + 4 + 1
    assert canonical_data(what)["answers"] == [{"question": "useful", "value": 5}, {"question": "oma", "value": 1}]
    assert not canonical_data(what).keys() & {"lisa", "tyhja", "contact_id", "from_client", "x"}


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
        "data": canonical_data(event(reason="kipu")) | {"client": verdict.key.decode()},
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
