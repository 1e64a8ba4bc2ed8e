"""A dead letter is decrypted only with its key and at its position, and gives the same record."""

import dataclasses
from datetime import UTC, datetime

import pytest

from shared.dead_letters import MAX_VALUE_BYTES, DeadLetterCipher, DecryptionError, clamp_timestamp
from shared.keys import Key
from shared.postgres.dead_letters import at_milliseconds
from shared.record import PlainRecord

OLD, NEW = Key("l1", b"a" * 32), Key("l2", b"b" * 32)
RECORD = PlainRecord("hva.raw.care", 3, 42, 1_700_000_000_123, b"\xff", b"{nonsense", (("ce_id", b"\xfe"), ("x", None)))


def decrypt(cipher: DeadLetterCipher, encrypted: bytes, record: PlainRecord = RECORD) -> PlainRecord:
    return cipher.decrypt(record.topic, record.partition, record.offset, record.timestamp, encrypted)


@pytest.mark.parametrize(
    "record",
    [RECORD, dataclasses.replace(RECORD, value=None, key=None, headers=()), dataclasses.replace(RECORD, value=b"")],
)
def test_encrypted_record_decrypts_to_the_same_record(record: PlainRecord) -> None:
    cipher = DeadLetterCipher([OLD])
    assert decrypt(cipher, cipher.encrypt(record), record) == record


def test_encrypted_bytes_are_unreadable_and_differ_each_time() -> None:
    cipher = DeadLetterCipher([OLD])
    assert b"nonsense" not in cipher.encrypt(RECORD)
    assert cipher.encrypt(RECORD) != cipher.encrypt(RECORD)


def test_old_key_still_opens_after_a_key_rotation() -> None:
    encrypted = DeadLetterCipher([OLD]).encrypt(RECORD)
    assert decrypt(DeadLetterCipher([NEW, OLD]), encrypted) == RECORD
    with pytest.raises(DecryptionError):
        decrypt(DeadLetterCipher([NEW]), encrypted)


def test_moved_or_altered_dead_letter_does_not_open() -> None:
    encrypted = DeadLetterCipher([OLD]).encrypt(RECORD)
    with pytest.raises(DecryptionError):
        decrypt(DeadLetterCipher([OLD]), encrypted, dataclasses.replace(RECORD, offset=43))
    with pytest.raises(DecryptionError):
        decrypt(DeadLetterCipher([OLD]), encrypted[:-1] + bytes([encrypted[-1] ^ 1]))


def test_oversized_value_is_truncated() -> None:
    cipher = DeadLetterCipher([OLD])
    record = dataclasses.replace(RECORD, value=b"x" * (MAX_VALUE_BYTES + 10))
    assert decrypt(cipher, cipher.encrypt(record), record).value == b"x" * MAX_VALUE_BYTES


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
    stored = clamp_timestamp(timestamp)
    assert at_milliseconds(stored) == time
    assert (stored == timestamp) == (abs(timestamp) < 2**62)
    record = dataclasses.replace(RECORD, timestamp=timestamp)
    cipher = DeadLetterCipher([OLD])
    stored_record = dataclasses.replace(record, timestamp=stored)
    assert decrypt(cipher, cipher.encrypt(record), stored_record) == stored_record
