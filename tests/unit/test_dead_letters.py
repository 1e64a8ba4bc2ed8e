"""Letters open to what was sealed, and to nothing else."""

import dataclasses
from datetime import UTC, datetime

import pytest

from shared.dead_letters import KEPT_BYTES, DeadLetterSealedError, Sealer, kept_timestamp
from shared.keys import Key
from shared.postgres.dead_letters import at_milliseconds
from shared.record import PlainRecord

OLD, NEW = Key("l1", b"a" * 32), Key("l2", b"b" * 32)
RECORD = PlainRecord("hva.raw.care", 3, 42, 1_700_000_000_123, b"\xff", b"{nonsense", (("ce_id", b"\xfe"), ("x", None)))


def opened(sealer: Sealer, sealed: bytes, record: PlainRecord = RECORD) -> PlainRecord:
    return sealer.open(record.topic, record.partition, record.offset, record.timestamp, sealed)


@pytest.mark.parametrize(
    "record",
    [RECORD, dataclasses.replace(RECORD, value=None, key=None, headers=()), dataclasses.replace(RECORD, value=b"")],
)
def test_what_is_sealed_opens_to_the_same(record: PlainRecord) -> None:
    sealer = Sealer([OLD])
    assert opened(sealer, sealer.seal(record), record) == record


def test_nothing_of_it_can_be_read_and_no_two_seals_are_alike() -> None:
    sealer = Sealer([OLD])
    assert b"nonsense" not in sealer.seal(RECORD)
    assert sealer.seal(RECORD) != sealer.seal(RECORD)


def test_an_old_key_still_opens_after_a_new_one_writes() -> None:
    sealed = Sealer([OLD]).seal(RECORD)
    assert opened(Sealer([NEW, OLD]), sealed) == RECORD
    with pytest.raises(DeadLetterSealedError):
        opened(Sealer([NEW]), sealed)


def test_it_opens_at_its_own_place_only() -> None:
    sealed = Sealer([OLD]).seal(RECORD)
    with pytest.raises(DeadLetterSealedError):
        opened(Sealer([OLD]), sealed, dataclasses.replace(RECORD, offset=43))
    with pytest.raises(DeadLetterSealedError):
        opened(Sealer([OLD]), sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_of_a_bomb_the_beginning_is_kept() -> None:
    sealer = Sealer([OLD])
    record = dataclasses.replace(RECORD, value=b"x" * (KEPT_BYTES + 10))
    assert opened(sealer, sealer.seal(record), record).value == b"x" * KEPT_BYTES


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
def test_a_timestamp_that_no_table_holds_becomes_the_nearest_that_one_does(timestamp: int, time: datetime) -> None:
    kept = kept_timestamp(timestamp)
    assert at_milliseconds(kept) == time
    assert (kept == timestamp) == (abs(timestamp) < 2**62)
    record = dataclasses.replace(RECORD, timestamp=timestamp)
    sealer = Sealer([OLD])
    at_its_kept_time = dataclasses.replace(record, timestamp=kept)
    assert opened(sealer, sealer.seal(record), at_its_kept_time) == at_its_kept_time
