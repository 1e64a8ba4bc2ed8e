"""Dead letters: rejected records, kept encrypted until someone fixes the cause.

A dead letter's identity is the record's position with its timestamp, because a topic that is created again reuses
offsets. Payloads are encrypted with AES-256-GCM, bound to that identity. The table holds no readable part of them.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.contracts.catalogue import RAW_LIMIT
from shared.contracts.reasons import Reason
from shared.keys import Key
from shared.record import Headers, PlainRecord, Record

GATEWAY: Final = "gateway"
"""The topic name, in dead letters and metrics, of records received over HTTP."""

MAX_VALUE_BYTES: Final = RAW_LIMIT + 64 * 1024
"""How much of a value is stored. Only decompression can make a record longer; the rest is dropped."""

_NONCE_BYTES: Final = 12
_FIRST_MS: Final = -62_135_596_800_000 + 86_400_000  # a day into year 1
_LAST_MS: Final = 253_402_300_799_999 - 86_400_000  # a day before the end of year 9999


@dataclass(frozen=True, slots=True)
class Rejected:
    """The verdict on a rejected record. `detail` names fields and rules, never a value.

    `retry_at` is when a record with a future time becomes acceptable. `source` is the sender, if the record names it in
    a well-formed way. `registers` is the version of the registers that the verdict depends on, if it does.
    """

    reason: Reason
    detail: str
    source: str | None = None
    retry_at: datetime | None = None
    registers: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A rejected record with its verdict."""

    record: Record
    verdict: Rejected


class DecryptionError(Exception):
    """A dead letter cannot be decrypted: its key is not in the key file, or its content was altered."""


class DeadLetterCipher:
    """Encrypts and decrypts the record parts that a dead letter keeps: key, headers and value."""

    def __init__(self, keys: Sequence[Key], random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._ciphers = {key.id: AESGCM(key.secret[:32]) for key in keys}
        self._writing = keys[0].id
        self._random_bytes = random_bytes

    def encrypt(self, record: Record) -> bytes:
        """Return `<key id> NUL <nonce><ciphertext>`, bound to the record's identity."""
        nonce = self._random_bytes(_NONCE_BYTES)
        ciphertext = self._ciphers[self._writing].encrypt(nonce, _pack(record), _identity(record))
        return self._writing.encode() + b"\0" + nonce + ciphertext

    def decrypt(self, topic: str, partition: int, offset: int, timestamp: int, encrypted: bytes) -> PlainRecord:
        """Return the record as it was received. Raises DecryptionError."""
        empty = PlainRecord(topic, partition, offset, timestamp, None, None)
        key_id, _, rest = encrypted.partition(b"\0")
        cipher = self._ciphers.get(key_id.decode("ascii", "replace"))
        if cipher is None:
            raise DecryptionError("the key of this dead letter is not in the file of HVA_LETTER_KEY_FILE")
        try:
            packed = cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _identity(empty))
        except InvalidTag as error:
            raise DecryptionError("the dead letter was altered or belongs to another record") from error
        return _unpack(empty, packed)


def clamp_timestamp(milliseconds: int) -> int:
    """Clamp a record's timestamp to the range that a table can hold: senders may write anything there."""
    return max(_FIRST_MS, min(milliseconds, _LAST_MS))


def _identity(record: Record) -> bytes:
    return f"{record.topic}/{record.partition}/{record.offset}/{clamp_timestamp(record.timestamp)}".encode()


def _pack(record: Record) -> bytes:
    frame = orjson.dumps(
        {
            "key": None if record.key is None else record.key.hex(),
            "headers": [(name, None if value is None else value.hex()) for name, value in record.headers],
            "null": record.value is None,
        }
    )
    return len(frame).to_bytes(4, "big") + frame + (record.value or b"")[:MAX_VALUE_BYTES]


def _unpack(empty: PlainRecord, packed: bytes) -> PlainRecord:
    end = 4 + int.from_bytes(packed[:4], "big")
    frame = orjson.loads(packed[4:end])
    headers: Headers = tuple(
        (name, None if value is None else bytes.fromhex(value)) for name, value in frame["headers"]
    )
    return PlainRecord(
        empty.topic,
        empty.partition,
        empty.offset,
        empty.timestamp,
        None if frame["key"] is None else bytes.fromhex(frame["key"]),
        None if frame["null"] else packed[end:],
        headers,
    )
