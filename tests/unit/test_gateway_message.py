"""HTTP messages become records: event headers, and the unchanged bytes of each event of a batch."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.gateway_message import (
    BatchTooLargeError,
    InvalidBatchError,
    as_record,
    event_headers,
    is_batch,
    split,
)
from services.ingest.gateway_message import stream_of as stream_of_record
from shared.contracts.catalogue import Stream
from tests.unit.ingest_cases import ANSWERED, CONTACT, event

SECRET = b"s" * 32
TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(['"', "\\", "],[", '}\\"{', "[[", "\\u0022"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WHITE_SPACE = st.text(" \t\r\n", max_size=3)


@given(st.lists(TREES, max_size=6), WHITE_SPACE, WHITE_SPACE, st.booleans())
def test_split_returns_the_unchanged_bytes_of_each_element(
    trees: list[Any], before: str, after: str, ascii_only: bool
) -> None:
    elements = [json.dumps(tree, ensure_ascii=ascii_only) for tree in trees]
    text = before + "[" + ",".join(before + element + after for element in elements) + after + "]" + after
    assert split(text.encode("utf-8", "surrogatepass"), 6) == [
        element.encode("utf-8", "surrogatepass") for element in elements
    ]


@given(st.text(alphabet='[]{},":1\\ ', max_size=14))
def test_split_accepts_every_json_array_and_nothing_else(text: str) -> None:
    try:
        tree = json.loads(text)
    except ValueError:
        tree = None
    try:
        found = split(text.encode(), 20)
    except InvalidBatchError:
        assert not isinstance(tree, list)
    else:
        assert tree is None or [json.loads(element) for element in found] == tree


@pytest.mark.parametrize(
    "inside", ['{"a":NaN}', '{"a":1,"a":2}', "01", '"\\ud800"', '{"a":1} {"b":2}', '"\x01"', "'x'"]
)
def test_invalid_element_does_not_affect_other_elements(inside: str) -> None:
    assert split(f'[{{"a":1}},{inside},3]'.encode(), 5) == [b'{"a":1}', inside.encode(), b"3"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{}",
        "[",
        "]",
        "][",
        "[1",
        '["a]',
        "[1,]",
        "[,1]",
        "[,]",
        "[1,,2]",
        "[1]]",
        "[[1]",
        "[{]}]",
        "[1]2",
        "\ufeff[]",
    ],
)
def test_text_that_is_no_array_is_no_batch(text: str) -> None:
    with pytest.raises(InvalidBatchError):
        split(text.encode(), 5)


def test_batch_is_limited_in_events_and_brackets() -> None:
    assert len(split(b"[1,2,3]", 3)) == 3
    with pytest.raises(BatchTooLargeError):
        split(b"[1,2,3,4]", 3)
    with pytest.raises(BatchTooLargeError):
        split(b"[" * 400 + b"]" * 400, 3)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"urn:hva:oma-hame:acd", b"urn:hva:oma-hame:acd"),
        (b"2026-05-01T10:00:00+03:00", b"2026-05-01T10:00:00+03:00"),
        (b"%C3%A4%20%22%25", 'ä "%'.encode()),
        (b"%2541", b"%41"),
        (b"100%", b"100%"),
        (b"%zz", b"%zz"),
        (b'"a \\"b\\\\ %41"', b'a "b\\ A'),
        ("ä".encode(), "ä".encode()),
        (b"%00", b"\0"),
    ],
)
def test_attribute_headers_are_decoded_as_the_http_binding_defines(sent: bytes, read: bytes) -> None:
    assert event_headers([(b"CE-Id", sent)]) == (("ce_id", read),)


def test_other_headers_are_dropped() -> None:
    raw = [
        (b"Host", b"x"),
        (b"Authorization", b"Bearer t"),
        (b"Content-Type", b"application/json"),
        (b"ce-type", b"a"),
        (b"Cookie", b"c"),
        (b"ce-type", b"b"),
        (b"X-ce-id", b"d"),
    ]
    assert event_headers(raw) == (("content-type", b"application/json"), ("ce_type", b"a"), ("ce_type", b"b"))


def test_structured_event_has_no_event_headers() -> None:
    for content_type in (b"application/cloudevents+json", b"Application/CloudEvents+JSON; charset=utf-8"):
        assert event_headers([(b"ce-type", b"a"), (b"content-type", content_type)]) == ()


def test_batch_is_recognised_by_its_content_type() -> None:
    def batch(*values: bytes) -> bool:
        return is_batch([("content-type", value) for value in values])

    assert batch(b"application/cloudevents-batch+json")
    assert batch(b" Application/CloudEvents-Batch+JSON ; charset=utf-8")
    assert not batch()
    assert not batch(b"application/cloudevents+json")
    assert not batch(b"application/cloudevents-batch+avro")
    assert not batch(b"application/json", b"application/cloudevents-batch+json")


def test_stream_follows_the_event_type_in_both_modes() -> None:
    assert stream_of_record(json.dumps(event(ANSWERED)).encode(), ()) is Stream.FEEDBACK
    binary = [("content-type", b"application/json"), ("ce_type", CONTACT.encode())]
    assert stream_of_record(json.dumps(event(ANSWERED)).encode(), binary) is Stream.CONTACT
    for value in (b"", b"{", b"[]", b'{"type":1}', b'{"type":"x"}', None):
        assert stream_of_record(value, ()) is Stream.CARE


def test_same_event_has_the_same_offset_and_other_events_have_others() -> None:
    headers = [("content-type", b"application/json"), ("ce_id", b"a"), ("ce_source", b"s"), ("ce_traceparent", b"1")]
    first = as_record(b"{}", headers, SECRET)
    again = as_record(b"{}", [*reversed(headers[:3]), ("ce_traceparent", b"2")], SECRET)
    assert (first.topic, first.partition, first.timestamp) == ("gateway", 0, 0)
    assert first.offset == again.offset
    assert 0 <= first.offset < 2**63
    others = [
        as_record(b"{ }", headers, SECRET),
        as_record(b"{}", [("ce_id", b"as"), ("ce_source", b""), *headers[:1]], SECRET),
        as_record(b"{}", headers, b"t" * 32),
        as_record(b"", (), SECRET),
    ]
    assert len({record.offset for record in (first, *others)}) == 5


def test_empty_body_is_no_value() -> None:
    assert as_record(b"", (), SECRET).value is None
