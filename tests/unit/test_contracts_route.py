"""Lines go to the raw topic of their event type; lines without a known type go to care."""

import json

import pytest

from shared.contracts.catalogue import Stream
from shared.contracts.route import is_blank, stream_of
from tests.unit.ingest_cases import ANSWERED, CONTACT, PLAN, event


@pytest.mark.parametrize(
    ("name", "stream"), [(ANSWERED, Stream.FEEDBACK), (CONTACT, Stream.CONTACT), (PLAN, Stream.CARE)]
)
def test_events_are_routed_by_type(name, stream):
    assert stream_of(json.dumps(event(name)).encode()) is stream


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"x",
        b"[]",
        b"7",
        b"{}",
        b'{"type":7}',
        b'{"type":["x"]}',
        b'{"type":"x"}',
        b'{"type":null}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_lines_without_a_known_type_go_to_care(value):
    assert stream_of(value) is Stream.CARE


def test_too_large_events_and_extreme_numbers_are_routed_by_type():
    assert stream_of(json.dumps(event(CONTACT, x="x" * 2_000_000)).encode()) is Stream.CONTACT
    assert stream_of(json.dumps(event(CONTACT, x=7)).replace("7", "1e999").encode()) is Stream.CONTACT


@pytest.mark.parametrize(
    ("line", "blank"), [(b"", True), (b" \t\r", True), (b"\x0c", False), (b"\xc2\xa0", False), (b"0", False)]
)
def test_blank_lines_contain_only_json_white_space(line, blank):
    assert is_blank(line) is blank
