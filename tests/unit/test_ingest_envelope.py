"""CloudEvents envelopes in structured and binary mode: attributes, headers and rejections."""

import json

import orjson
import pytest

from services.ingest.validate import Accepted, Rejected, validate
from shared.contracts.catalogue import Stream
from tests.unit.ingest_cases import CONTACT, HETU, canonical, context, event, judge, reason

STRUCTURED = ("content-type", b"application/cloudevents+json")


def reason_with_headers(value, headers):
    verdict = validate(value, headers, Stream.CONTACT, context())
    return verdict.reason.value if isinstance(verdict, Rejected) else None


def binary(sent, content_type=b"application/json", **changes):
    """Return the body and headers of an event in binary mode. The value `...` removes a header."""
    attributes = {name: str(value).encode() for name, value in sent.items() if name != "data"} | changes
    headers = [(f"ce_{name}", value) for name, value in attributes.items() if value is not ...]
    typed = [] if content_type is ... else [("content-type", content_type)]
    return orjson.dumps(sent["data"]), typed + headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", None),
        ("specversion", 1.0),
        ("specversion", "1"),
        ("specversion", "1.0 "),
        ("specversion", "0.3"),
        ("id", None),
        ("id", ""),
        ("id", "x" * 201),
        ("id", "a\0b"),
        ("id", 7),
        ("source", None),
        ("source", 7),
        ("source", "urn:hva:oma-hame"),
        ("source", "urn:hva:oma-hame:a:b"),
        ("source", "urn:hva:oma-hame:"),
        ("source", "urn:hva::acd"),
        ("source", "URN:hva:oma-hame:acd"),
        ("source", "urn:hva:Oma-Hame:acd"),
        ("source", "urn:hva:oma_hame:acd"),
        ("source", "urn:hva:oma-hame:acd\n"),
        ("source", "urn:hva:oma-hämE:acd"),
        ("source", " urn:hva:oma-hame:acd"),
        ("type", None),
        ("type", ""),
        ("type", ["x"]),
        ("time", None),
        ("time", ""),
        ("time", "2026-05-01"),
        ("time", "0001-01-01T00:00:00+02:00"),
        ("time", 1767225600),
        ("data", None),
        ("data", []),
        ("data", "x"),
        ("data", 7),
        ("data", False),
    ],
)
def test_invalid_or_missing_required_attribute_is_rejected(name, value):
    verdict = judge(event() | {name: value}, Stream.CONTACT)
    assert (verdict.reason, verdict.source) == ("envelope", None)
    assert verdict.detail.startswith(f"{name}: ")
    missing = {key: kept for key, kept in event().items() if key != name}
    assert reason(missing, Stream.CONTACT) == "envelope"


@pytest.mark.parametrize("value", [b"[]", b"7", b"null", b'"x"', b"[{}]", b"true"])
def test_value_that_is_not_an_object_is_rejected(value):
    assert reason(value) == "envelope"


def test_attributes_at_their_limits_are_accepted():
    for id in ("x", "𝔞" * 200, " ", "\n", "all", "-"):
        assert canonical(event() | {"id": id})["id"] == id
    assert canonical(event() | {"time": "2026-05-01t10:05:00.1234567z"})["time"] == "2026-05-01T10:05:00.123456Z"
    assert reason(event() | {"source": "urn:hva:pirha:-"} | {"data": event(unit="tays")["data"]}) is None


def test_other_attributes_are_dropped_and_nonstandard_ones_counted():
    extra = {
        "datacontenttype": 7,
        "subject": {},
        "dataschema": None,
        "traceparent": "x",
        "ext": {"a": [1, {"b": None}]},
    }
    verdict = judge(event() | extra)
    assert verdict.unknown_fields == 2
    assert verdict.value == judge(event()).value


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [STRUCTURED],
        [("content-type", b"Application/CloudEvents+JSON; charset=UTF-8")],
        [("Content-Type", b"application/cloudevents+json")],
        [("traceparent", b"00-x"), ("other", None), ("bad", b"\xff")],
        [("content-type", None)],
        [STRUCTURED, ("ce_id", b"not this one")],
    ],
)
def test_structured_mode_is_recognised(headers):
    verdict = validate(orjson.dumps(event()), headers, Stream.CONTACT, context())
    assert verdict == judge(event())


@pytest.mark.parametrize("kind", [b"application/cloudevents+avro", b"application/cloudevents-batch+json"])
def test_other_cloudevents_formats_are_undecodable(kind):
    assert reason_with_headers(orjson.dumps(event()), [("content-type", kind)]) == "undecodable"


@pytest.mark.parametrize("kind", [b"application/json", b"application/json; charset=utf-8", b"application/x+json", ...])
def test_binary_mode_gives_the_same_verdict(kind):
    value, headers = binary(event(client={"hetu": HETU}), kind)
    verdict = validate(value, [*headers, ("other", None), ("bad", b"\xff")], Stream.CONTACT, context())
    assert isinstance(verdict, Accepted), verdict
    assert verdict == judge(event(client={"hetu": HETU}))


def test_header_names_may_be_upper_case():
    value, headers = binary(event())
    assert reason_with_headers(value, [(name.upper(), content) for name, content in headers]) is None


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time"])
@pytest.mark.parametrize("value", [..., None, b"", b"\xff\xfe", b"\xed\xa0\x80"])
def test_invalid_or_missing_header_is_rejected(name, value):
    assert reason_with_headers(*binary(event(), **{name: value})) == "envelope"


def test_duplicate_header_is_rejected():
    value, headers = binary(event())
    assert reason_with_headers(value, [*headers, ("ce_id", b"e1")]) == "envelope"


def test_invalid_binary_data_is_rejected():
    _, headers = binary(event())
    assert reason_with_headers(None, headers) == "envelope"
    assert reason_with_headers(b"", headers) == "undecodable"
    assert reason_with_headers(b"x", headers) == "undecodable"
    assert reason_with_headers(b"[]", headers) == "envelope"
    assert reason_with_headers(b'{"a":1,"a":2}', headers) == "undecodable"
    assert reason_with_headers(b"{}", [*headers[1:], ("content-type", b"text/plain")]) == "envelope"
    assert reason_with_headers(b"{}", [("content-type", b"application/json")]) == "envelope"


def test_event_is_the_first_depth_level_in_binary_mode_too():
    for depth, expected in [(63, None), (64, "undecodable")]:
        deep = "[" * (depth - 1) + "]" * (depth - 1)
        body = json.dumps(event()["data"])[:-1] + f', "x": {deep}}}'
        assert reason_with_headers(body.encode(), binary(event())[1]) == expected
        whole = json.dumps(event())[:-2] + f', "x": {deep}}}}}'
        assert reason(whole.encode()) == expected


def test_personal_identity_code_in_a_header_is_rejected():
    for header in [("ce_subject", HETU.encode()), (f"ce_{HETU}", b"x"), ("other", f"\xff {HETU}".encode("latin-1"))]:
        value, headers = binary(event(client={"hetu": HETU}))
        assert reason_with_headers(value, [*headers, header]) == "personal_id"


def test_large_numbers_in_binary_data_stay_exact():
    value, headers = binary(event(revision=7))
    value = value.replace(b'"revision":7', b'"revision":18446744073709551617')
    verdict = validate(value, headers, Stream.CONTACT, context())
    assert b'"revision":18446744073709551617' in verdict.value


def test_record_over_the_size_limit_is_too_large():
    filler = len(json.dumps(event(x="")).encode())
    for size, expected in [(1_048_576, None), (1_048_577, "too_large"), (4_500_000, "too_large")]:
        sent = json.dumps(event(x="x" * (size - filler))).encode()
        assert len(sent) == size
        assert reason(sent) == expected
    assert reason(b"\xff" * 1_048_577) == "too_large"
    value, headers = binary(event(CONTACT, x="x" * 1_048_576))
    assert reason_with_headers(value, headers) == "too_large"


@pytest.mark.parametrize("value", [None, b""])
def test_empty_record_is_undecodable(value):
    assert reason_with_headers(value, []) == "undecodable"
    assert reason_with_headers(value, [STRUCTURED]) == "undecodable"
