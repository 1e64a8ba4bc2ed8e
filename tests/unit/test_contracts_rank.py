"""Ranks sort as bytes in the order of their parts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.rank import RankParts, decode_rank, encode_rank

T = datetime(2026, 5, 1, 10, tzinfo=UTC)
LOW, HIGH = b"\x00" * 32, b"\xff" * 32
ASCENDING = [
    (1, T, "urn:hva:a:b", "e", LOW),
    (1, T, "urn:hva:a:b", "e", HIGH),
    (1, T, "urn:hva:a:b", "e\x01", LOW),
    (1, T, "urn:hva:a:b", "e1", LOW),
    (1, T, "urn:hva:a:b", "eä", LOW),
    (1, T, "urn:hva:a:b", "e\uffff", LOW),  # by code point; UTF-16 would sort the next one first
    (1, T, "urn:hva:a:b", "e\U0001f600", LOW),
    (1, T, "urn:hva:a:b-c", "a", LOW),
    (1, T, "urn:hva:a:c", "a", LOW),
    (1, T + timedelta(microseconds=1), "urn:hva:a:b", "a", LOW),
    (1, datetime.max.replace(tzinfo=UTC), "urn:hva:a:b", "a", LOW),
    (2, datetime.min.replace(tzinfo=UTC), "urn:hva:a:b", "a", LOW),
    (9, T, "urn:hva:a:b", "a", LOW),
    (10, T, "urn:hva:a:b", "a", LOW),
    (99, T, "urn:hva:a:b", "a", LOW),
    (2**63, T, "urn:hva:a:b", "a", LOW),
    (2**64 + 1, T, "urn:hva:a:b", "a", LOW),
    (10**4299, T, "urn:hva:a:b", "a", LOW),
]


@pytest.mark.parametrize(("less", "greater"), list(pairwise(ASCENDING)))
def test_ranks_sort_like_their_parts(less, greater):
    assert less < greater
    assert encode_rank(*less) < encode_rank(*greater)


@pytest.mark.parametrize("parts", ASCENDING)
def test_rank_is_decoded_to_its_parts(parts):
    assert decode_rank(encode_rank(*parts)) == RankParts(*parts)


def test_utc_offset_of_a_time_does_not_change_the_rank():
    local = T.astimezone(ZoneInfo("Europe/Helsinki"))
    assert encode_rank(1, local, "s", "i", LOW) == encode_rank(1, T, "s", "i", LOW)


@pytest.mark.parametrize("value", [b"", b"\x00\x01", b"x" * 60, encode_rank(*ASCENDING[0])[:-1]])
def test_bytes_that_are_no_rank_are_refused(value):
    with pytest.raises(ValueError):
        decode_rank(value)
