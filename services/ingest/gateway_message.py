"""An HTTP message of CloudEvents to records such as Kafka would hand over; pure.

Binary mode follows the HTTP binding of CloudEvents 1.0 (3.1.3.2): `ce-` headers, percent-decoded once. A batch is cut
into the very bytes of each event, so that each is judged as if it had come alone: its size, its depth, its doubled
names and its numbers as they were written.
"""

import hmac
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from services.ingest.envelope import open_record
from services.ingest.refusal import Refusal
from shared.contracts.catalogue import Stream
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.route import UNROUTED
from shared.dead_letters import GATEWAY
from shared.record import Headers, PlainRecord

BATCH: Final = b"application/cloudevents-batch+json"
STRUCTURED: Final = b"application/cloudevents+json"

_WHITE: Final = b" \t\r\n"
_TEXT: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_WITHIN: Final = re.compile(rb'(?:[^"\[\]{}]++|' + _TEXT + rb")*+", re.DOTALL).match
_BETWEEN: Final = re.compile(rb'(?:[^"\[\]{},]++|' + _TEXT + rb")*+", re.DOTALL).match
_BRACKETS: Final = 100  # for each event that a batch may hold: a megabyte of brackets takes a second
_CLOSING: Final = {ord("["): ord("]"), ord("{"): ord("}")}

_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL).fullmatch
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL).sub

# What makes two sendings the same event. Extensions are not among them: a trace id changes with every repetition.
_IDENTIFYING: Final = frozenset(
    {"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_dataschema"}
)


class NoBatchError(ValueError):
    """The text is not a JSON array. The message is fixed and holds no value."""

    def __init__(self) -> None:
        super().__init__("batch: not a JSON array")


class TooManyError(ValueError):
    """A batch holds more events, or more brackets, than are taken at once."""


def event_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """What of an HTTP header belongs to the event, under Kafka's names. Nothing else of it is looked at or kept.

    Nothing belongs to a structured event: the same one has the same dead letter, alone or in a batch.
    """
    found: list[tuple[str, bytes | None]] = []
    for name, value in raw:
        lower = name.decode("ascii", "replace").lower()
        if lower == "content-type":
            found.append((lower, value))
        elif lower.startswith("ce-"):
            found.append((f"ce_{lower[3:]}", _plain(value)))
    return () if _content_type(found) == STRUCTURED else tuple(found)


def _content_type(headers: Headers) -> bytes:
    """Without parameters; the first counts, as in validation."""
    kinds = [value or b"" for name, value in headers if name == "content-type"]
    return kinds[0].partition(b";")[0].strip().lower() if kinds else b""


def _plain(value: bytes) -> bytes:
    """Quotes of older senders taken off, then one round of percent-decoding; a stray % stays as it is."""
    quoted = _QUOTED(value)
    return unquote_to_bytes(_ESCAPED(rb"\1", quoted[1]) if quoted else value)


def is_batch(headers: Headers) -> bool:
    """Whether the body is a batch in JSON."""
    return _content_type(headers) == BATCH


def split(body: bytes, most: int) -> list[bytes]:
    """The elements of a JSON array as they stand in it, without the white space around them.

    Only texts, brackets and commas are looked at: an element may still be no JSON, which its own validation tells.
    Time grows with the brackets, not with the bytes. Raises NoBatchError and TooManyError.
    """
    text = body.strip(_WHITE)
    if not text.startswith(b"[") or not text.endswith(b"]"):
        raise NoBatchError
    if text.count(b"[") + text.count(b"{") > _BRACKETS * most:
        raise TooManyError
    found: list[bytes] = []
    start = place = 1
    last = len(text) - 1
    while True:
        place = _end_of_element(text, place)
        element = text[start:place].strip(_WHITE)
        if not element and (found or place != last):
            raise NoBatchError
        if element:
            found.append(element)
        if len(found) > most:
            raise TooManyError
        if text[place] != ord(","):
            break
        start = place = place + 1
    if place != last:
        raise NoBatchError
    return found


def _end_of_element(text: bytes, place: int) -> int:
    """Where the comma or bracket after an element stands. Raises NoBatchError where there is none."""
    open_brackets: list[int] = []
    while True:
        place = (_WITHIN if open_brackets else _BETWEEN)(text, place).end()  # type: ignore[union-attr]  # may be empty
        sign = text[place] if place < len(text) else None
        if sign in _CLOSING:
            open_brackets.append(_CLOSING[sign])
        elif not open_brackets and (sign == ord(",") or sign == ord("]")):
            return place
        elif not open_brackets or sign != open_brackets.pop():
            raise NoBatchError
        place += 1


def stream_of(value: bytes | None, headers: Headers) -> Stream:
    """The stream of the event's type, in either mode; that of the unrouted where there is no telling."""
    try:
        event = open_record(value, headers).event
    except Refusal:
        return UNROUTED
    name = event.get("type") if isinstance(event, dict) else None
    known = EVENT_TYPES.get(name) if isinstance(name, str) else None
    return known.stream if known else UNROUTED


def as_record(value: bytes, headers: Headers, secret: bytes) -> PlainRecord:
    """A record in a place that follows from what was sent: sent again, its dead letter is the same.

    The place can be read beside the sealed letter. It is keyed by `secret`, so that nobody can find out by trying
    which person a letter is about.
    """
    mac = hmac.new(secret, b"\0gateway", "sha256")  # no pseudonym begins so: their messages begin with a county
    for name, content in sorted((name, content or b"") for name, content in headers if name in _IDENTIFYING):
        mac.update(b"%s\0%d\0%s" % (name.encode(), len(content), content))
    mac.update(b"\0" + value)
    offset = int.from_bytes(mac.digest()[:8], "big") >> 1
    return PlainRecord(GATEWAY, 0, offset, 0, None, value or None, headers)
