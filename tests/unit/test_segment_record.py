"""Records of the segment stream: what is written can be read, and anything else is rejected."""

from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from services.fcr.app import HANDLERS as FCR
from services.nps.app import HANDLERS as NPS
from shared.contracts.catalogue import SEGMENT
from shared.contracts.event import ContractError
from shared.contracts.segment import History, decode_history, encode_history, history_schema
from shared.dead_letters import Rejected
from shared.record import PlainRecord
from shared.segment import decode_segment

CLIENT = "k1." + "A" * 22
PLAIN: dict[str, Any] = {
    "county": "oma-hame",
    "client": CLIENT,
    "version": 7,
    "intervals": [["2026-01-01", "2026-03-01"], ["2026-05-01", None]],
}
INTERVALS = ((date(2026, 1, 1), date(2026, 3, 1)), (date(2026, 5, 1), None))
SCHEMA = Draft202012Validator(history_schema())


def encoded(**fields: Any) -> bytes:
    return orjson.dumps({**PLAIN, **fields})


def record(value: bytes | None) -> PlainRecord:
    return PlainRecord("hva.segment.v1", 0, 0, 0, CLIENT.encode(), value)


def test_record_has_the_documented_form() -> None:
    value = encode_history("oma-hame", CLIENT, 7, INTERVALS)
    assert orjson.loads(value) == PLAIN
    found = decode_history(value)
    assert (found.county, found.client, found.version, found.intervals) == ("oma-hame", CLIENT, 7, INTERVALS)


@given(
    st.lists(st.dates(), unique=True, max_size=9).map(sorted),
    st.integers(1, 2**63 - 1),
)
def test_written_history_is_read_back(bounds: list[date], version: int) -> None:
    intervals = tuple(zip(bounds[::2], [*bounds[1::2], None], strict=False))
    value = encode_history("oma-hame", CLIENT, version, intervals)
    assert decode_history(value) == decode_segment(record(value))
    assert (decode_history(value).intervals, decode_history(value).version) == (intervals, version)
    assert SCHEMA.is_valid(orjson.loads(value))


def test_touching_intervals_and_unknown_fields_are_accepted() -> None:
    touching = [["2026-01-01", "2026-03-01"], ["2026-03-01", "2026-03-02"]]
    assert len(decode_history(encoded(intervals=touching, rule="2027-1")).intervals) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"county": ""},
        {"county": "oma\0hame"},
        {"client": "010594Y9032"},
        {"client": None},
        {"version": 0},
        {"version": 2**63},
        {"version": "7"},
        {"version": True},
        {"intervals": None},
        {"intervals": [["2026-01-01"]]},
        {"intervals": [["2026-01-01", None, None]]},
        {"intervals": [[None, "2026-01-01"]]},
        {"intervals": [["2026-1-1", None]]},
        {"intervals": [["2026-01-01T00:00:00Z", None]]},
    ],
)
def test_invalid_field_is_rejected(fields: dict[str, Any]) -> None:
    with pytest.raises(ContractError) as error:
        decode_history(encoded(**fields))
    assert next(iter(fields)) in str(error.value)
    assert not SCHEMA.is_valid(orjson.loads(encoded(**fields)))


@pytest.mark.parametrize(
    "intervals",
    [
        [["2026-01-01", "2026-01-01"]],
        [["2026-03-01", "2026-01-01"]],
        [["2026-05-01", None], ["2026-01-01", "2026-02-01"]],
        [["2026-01-01", None], ["2026-05-01", None]],
        [["2026-01-01", None], ["9999-12-31", None]],
        [["2026-01-01", "2026-03-01"], ["2026-02-28", None]],
        [["2026-02-30", None]],
    ],
)
def test_unsorted_overlapping_or_empty_intervals_are_rejected(intervals: list[list[str | None]]) -> None:
    with pytest.raises(ContractError):
        decode_history(encoded(intervals=intervals))


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"null", b"\xff", b'{"county":"oma-hame"}', encoded(client=None)])
def test_undecodable_record_is_rejected_without_showing_its_values(value: bytes) -> None:
    verdict = decode_segment(record(value))
    assert isinstance(verdict, Rejected)
    assert verdict.reason == "undecodable" and CLIENT not in verdict.detail


def test_record_without_a_value_is_ignored() -> None:
    assert decode_segment(record(None)) is None


def test_schema_has_every_field() -> None:
    assert set(history_schema()["properties"]) == set(History.model_fields) == set(PLAIN)


def test_both_families_read_the_stream() -> None:
    assert SEGMENT in NPS and SEGMENT in FCR
    assert SEGMENT.compacted and SEGMENT.readers == ("nps", "fcr")
