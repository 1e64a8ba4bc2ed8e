"""Dead letters: rejected records, kept encrypted until someone mends the cause.

A letter's identity is where the record stood, with its timestamp, since a topic that was created anew uses the
same offsets again. Payloads are sealed with AES-256-GCM, bound to that identity; nothing of them is readable in
the table.
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
"""Stands for a topic, in dead letters and in metrics, for what came over HTTP."""

KEPT_BYTES: Final = RAW_LIMIT + 64 * 1024
"""What is kept of a value. Only a record that was blown up by compression is longer; its rest is not kept."""

_NONCE_BYTES: Final = 12
_FIRST_MS: Final = -62_135_596_800_000 + 86_400_000  # a day into year 1
_LAST_MS: Final = 253_402_300_799_999 - 86_400_000  # a day before the end of year 9999


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that does not count, and why. `detail` names fields and rules, never a value.

    `retry_at` is when a record that came from the future becomes acceptable. `source` is the sender where the
    record says so in a well-formed way. `registers` is the version of the registers that judged, where they did.
    """

    reason: Reason
    detail: str
    source: str | None = None
    retry_at: datetime | None = None
    registers: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A rejected record with its verdict, ready to be kept."""

    record: Record
    verdict: Rejected


class DeadLetterSealedError(Exception):
    """A letter cannot be opened: its key is not in the key file, or it is not what was sealed."""


class Sealer:
    """Seals and opens what a letter keeps of its record: key, headers and value."""

    def __init__(self, keys: Sequence[Key], random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._ciphers = {key.id: AESGCM(key.secret[:32]) for key in keys}
        self._writing = keys[0].id
        self._random_bytes = random_bytes

    def seal(self, record: Record) -> bytes:
        """`<key id> NUL <nonce><ciphertext>`, bound to the record's place."""
        nonce = self._random_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._writing].encrypt(nonce, _pack(record), _place(record))
        return self._writing.encode() + b"\0" + nonce + sealed

    def open(self, topic: str, partition: int, offset: int, timestamp: int, sealed: bytes) -> PlainRecord:
        """The record as it came. Raises LetterSealedError."""
        empty = PlainRecord(topic, partition, offset, timestamp, None, None)
        key_id, _, rest = sealed.partition(b"\0")
        cipher = self._ciphers.get(key_id.decode("ascii", "replace"))
        if cipher is None:
            raise DeadLetterSealedError("the key of this letter is not in the letter key file")
        try:
            packed = cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _place(empty))
        except InvalidTag as error:
            raise DeadLetterSealedError("the letter was altered or sealed for another place") from error
        return _unpack(empty, packed)


def kept_timestamp(milliseconds: int) -> int:
    """A record's timestamp within what a table can hold: senders may write anything there."""
    return max(_FIRST_MS, min(milliseconds, _LAST_MS))


def _place(record: Record) -> bytes:
    return f"{record.topic}/{record.partition}/{record.offset}/{kept_timestamp(record.timestamp)}".encode()


def _pack(record: Record) -> bytes:
    frame = orjson.dumps(
        {
            "key": None if record.key is None else record.key.hex(),
            "headers": [(name, None if value is None else value.hex()) for name, value in record.headers],
            "null": record.value is None,
        }
    )
    return len(frame).to_bytes(4, "big") + frame + (record.value or b"")[:KEPT_BYTES]


def _unpack(place: PlainRecord, packed: bytes) -> PlainRecord:
    end = 4 + int.from_bytes(packed[:4], "big")
    frame = orjson.loads(packed[4:end])
    headers: Headers = tuple(
        (name, None if value is None else bytes.fromhex(value)) for name, value in frame["headers"]
    )
    return PlainRecord(
        place.topic,
        place.partition,
        place.offset,
        place.timestamp,
        None if frame["key"] is None else bytes.fromhex(frame["key"]),
        None if frame["null"] else packed[end:],
        headers,
    )
