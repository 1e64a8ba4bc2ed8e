"""A sealed dead letter opens only with its key and at its position, and gives the same record."""

import dataclasses
from datetime import UTC, datetime

import pytest

from shared.dead_letters import KEPT_BYTES, DeadLetterSealedError, Sealer, kept_timestamp
from shared.keys import Key
from shared.postgres.dead_letters import at_milliseconds
from shared.record import PlainRecord

OLD, NEW = Key("l1", b"a" * 32), Key("l2", b"b" * 32)
RECORD = PlainRecord("hva.raw.care", 3, 42, 1_700_000_000_123, b"\xff", b"{nonsense", (("ce_id", b"\xfe"), ("x", None)))


def open_sealed(sealer: Sealer, sealed: bytes, record: PlainRecord = RECORD) -> PlainRecord:
    return sealer.open(record.topic, record.partition, record.offset, record.timestamp, sealed)


@pytest.mark.parametrize(
    "record",
    [RECORD, dataclasses.replace(RECORD, value=None, key=None, headers=()), dataclasses.replace(RECORD, value=b"")],
)
def test_sealed_record_opens_to_the_same_record(record: PlainRecord) -> None:
    sealer = Sealer([OLD])
    assert open_sealed(sealer, sealer.seal(record), record) == record


def test_sealed_bytes_are_unreadable_and_differ_each_time() -> None:
    sealer = Sealer([OLD])
    assert b"nonsense" not in sealer.seal(RECORD)
    assert sealer.seal(RECORD) != sealer.seal(RECORD)


def test_old_key_still_opens_after_a_key_rotation() -> None:
    sealed = Sealer([OLD]).seal(RECORD)
    assert open_sealed(Sealer([NEW, OLD]), sealed) == RECORD
    with pytest.raises(DeadLetterSealedError):
        open_sealed(Sealer([NEW]), sealed)


def test_moved_or_altered_dead_letter_does_not_open() -> None:
    sealed = Sealer([OLD]).seal(RECORD)
    with pytest.raises(DeadLetterSealedError):
        open_sealed(Sealer([OLD]), sealed, dataclasses.replace(RECORD, offset=43))
    with pytest.raises(DeadLetterSealedError):
        open_sealed(Sealer([OLD]), sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_oversized_value_is_truncated() -> None:
    sealer = Sealer([OLD])
    record = dataclasses.replace(RECORD, value=b"x" * (KEPT_BYTES + 10))
    assert open_sealed(sealer, sealer.seal(record), record).value == b"x" * KEPT_BYTES


@pytest.mark.parametrize(
    ("timestamp", "time"),
    [
        (-(2**63), datetime(1, 1, 2, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (RECORD.timestamp, datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)),
        (2**63 - 1, datetime(9999, 12, 30, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_timestamp_out_of_range_is_stored_as_the_nearest_valid_one(timestamp: int, time: datetime) -> None:
    stored = kept_timestamp(timestamp)
    assert at_milliseconds(stored) == time
    assert (stored == timestamp) == (abs(timestamp) < 2**62)
    record = dataclasses.replace(RECORD, timestamp=timestamp)
    sealer = Sealer([OLD])
    stored_record = dataclasses.replace(record, timestamp=stored)
    assert open_sealed(sealer, sealer.seal(record), stored_record) == stored_record
