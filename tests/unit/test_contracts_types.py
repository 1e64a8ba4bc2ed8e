"""Edge cases of times, dates, codes and ids."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.types import (
    Code,
    Id,
    canonical_instant,
    format_instant,
    parse_date,
    parse_instant,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-31T20:59:59Z", "2026-03-31T20:59:59.000000Z"),
        ("2026-03-31t20:59:59z", "2026-03-31T20:59:59.000000Z"),
        ("2026-04-01T00:00:00+03:00", "2026-03-31T21:00:00.000000Z"),
        ("2026-03-31T23:59:59.9999999+00:00", "2026-03-31T23:59:59.999999Z"),
        ("2026-03-31T23:59:59.1-00:00", "2026-03-31T23:59:59.100000Z"),
        ("2026-03-31T23:59:59.123456+00:00", "2026-03-31T23:59:59.123456Z"),
        ("2024-02-29T12:00:00-11:30", "2024-02-29T23:30:00.000000Z"),
        ("2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        ("0001-01-01T02:00:00+02:00", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2026-03-31T20:59:59." + "0" * 5000 + "1Z", "2026-03-31T20:59:59.000000Z"),
    ],
)
def test_time_is_truncated_and_converted_to_utc(text, expected):
    for _ in range(2):  # the second time from the cache
        assert canonical_instant(text) == expected
    assert format_instant(parse_instant(text)) == expected
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T12:00Z",
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        "2026-03-01T12:00:60Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-02-30T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "2026-00-01T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+02:60",
        "2026-03-01T12:00:00+0200",
        "2026-03-01T12:00:00+02",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00,5Z",
        "20260301T120000Z",
        "2026-W09-7T12:00:00Z",
        "-2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00Z\n",
        " 2026-03-01T12:00:00Z",
        "2026-03-01T12:00:0٣Z",
        "٢٠٢٦-03-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:00-00:01",
        "2026-03-01T12:00:00ZZ",
        "2026-03-01T12:00:00−02:00",
        None,
        1767225600,
        True,
        datetime(2026, 3, 1, tzinfo=UTC),
    ],
)
def test_invalid_time_is_refused(text):
    canonical_instant("2026-03-01T12:00:00Z")  # fills the cache, which must not accept an invalid time
    with pytest.raises(ValueError, match=r"^(not an RFC 3339 time with offset|no such time)$"):
        canonical_instant(text)


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30", "20260301", "2026-W09-7", "1.3.2026", "2026-3-1", "2026-03-01 ", "0000-01-01", "٢٠٢٦-03-01"],
)
def test_invalid_date_is_refused(text):
    with pytest.raises(ValueError, match=r"^(not a date YYYY-MM-DD|no such date)$"):
        parse_date(text)


def test_valid_date_is_parsed():
    assert str(parse_date("2024-02-29")) == "2024-02-29"
    assert str(parse_date("0001-01-01")) == "0001-01-01"


_VALID = ["a", "al", "alla", "all ", "All", "ALL", "--", "- ", "b", "\n", " ", "ab", "al\nl", "äl", "\u2028", "𝔞" * 200]


@pytest.mark.parametrize("text", _VALID)
def test_codes_and_ids_may_be_any_text(text):
    assert TypeAdapter(Code).validate_python(text, strict=True) == text
    assert TypeAdapter(Id).validate_python(text, strict=True) == text


@pytest.mark.parametrize(
    "text", ["", "all", "-", "a\0", "\0", "all\0", "-\0", "al\0", "x" * 201, "𝔞" * 201, 1, None, b"a"]
)
def test_invalid_code_is_refused(text):
    with pytest.raises(ValidationError):
        TypeAdapter(Code).validate_python(text, strict=True)


def test_reserved_codes_are_valid_ids():
    assert TypeAdapter(Id).validate_python("all") == "all"
    assert TypeAdapter(Id).validate_python("-") == "-"
    with pytest.raises(ValidationError):
        TypeAdapter(Id).validate_python("a\0b")
