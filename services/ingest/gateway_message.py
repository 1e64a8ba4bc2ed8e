"""HTTP messages of CloudEvents to records as Kafka delivers them; pure.

Binary mode follows the HTTP binding of CloudEvents 1.0 (3.1.3.2): `ce-` headers, percent-decoded once. A batch is split
into the exact bytes of each event, so that validation sees each as if it were sent alone: its size, depth, duplicate
names and numbers as written.
"""

import hmac
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from services.ingest.envelope import parse_record
from services.ingest.refusal import Refusal
from shared.contracts.catalogue import Stream
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.route import UNROUTED
from shared.dead_letters import GATEWAY
from shared.record import Headers, PlainRecord

BATCH: Final = b"application/cloudevents-batch+json"
STRUCTURED: Final = b"application/cloudevents+json"

_WHITE_SPACE: Final = b" \t\r\n"
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_UNTIL_BRACKET: Final = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+", re.DOTALL).match
_UNTIL_BRACKET_OR_COMMA: Final = re.compile(rb'(?:[^"\[\]{},]++|' + _STRING + rb")*+", re.DOTALL).match
_MAX_BRACKETS_PER_EVENT: Final = 100  # a megabyte of brackets takes a second
_CLOSING: Final = {ord("["): ord("]"), ord("{"): ord("}")}

_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL).fullmatch
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL).sub

# Headers that identify an event sent again. Extensions do not: a trace id changes with every request.
_IDENTIFYING: Final = frozenset(
    {"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_dataschema"}
)


class InvalidBatchError(ValueError):
    """The body is not a JSON array. The message is fixed and contains no value."""

    def __init__(self) -> None:
        super().__init__("batch: not a JSON array")


class BatchTooLargeError(ValueError):
    """The batch has more events or brackets than allowed."""


def event_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The HTTP headers that belong to the event, under Kafka's names. All others are ignored and not kept.

    A structured event has none, so that it becomes the same dead letter alone or in a batch.
    """
    found: list[tuple[str, bytes | None]] = []
    for name, value in raw:
        lower = name.decode("ascii", "replace").lower()
        if lower == "content-type":
            found.append((lower, value))
        elif lower.startswith("ce-"):
            found.append((f"ce_{lower[3:]}", _decoded(value)))
    return () if _content_type(found) == STRUCTURED else tuple(found)


def _content_type(headers: Headers) -> bytes:
    """The content type without parameters. The first header counts, as in validation."""
    kinds = [value or b"" for name, value in headers if name == "content-type"]
    return kinds[0].partition(b";")[0].strip().lower() if kinds else b""


def _decoded(value: bytes) -> bytes:
    """The value without the quotes of older senders, percent-decoded once; a stray % stays."""
    quoted = _QUOTED(value)
    return unquote_to_bytes(_ESCAPED(rb"\1", quoted[1]) if quoted else value)


def is_batch(headers: Headers) -> bool:
    """Whether the body is a JSON batch."""
    return _content_type(headers) == BATCH


def split(body: bytes, max_events: int) -> list[bytes]:
    """The bytes of each element of a JSON array, without surrounding white space.

    Parses only strings, brackets and commas: an element may be invalid JSON, which its own validation finds.
    Time grows with the number of brackets, not of bytes. Raises InvalidBatchError and BatchTooLargeError.
    """
    text = body.strip(_WHITE_SPACE)
    if not text.startswith(b"[") or not text.endswith(b"]"):
        raise InvalidBatchError
    if text.count(b"[") + text.count(b"{") > _MAX_BRACKETS_PER_EVENT * max_events:
        raise BatchTooLargeError
    found: list[bytes] = []
    start = position = 1
    last = len(text) - 1
    while True:
        position = _end_of_element(text, position)
        element = text[start:position].strip(_WHITE_SPACE)
        if not element and (found or position != last):
            raise InvalidBatchError
        if element:
            found.append(element)
        if len(found) > max_events:
            raise BatchTooLargeError
        if text[position] != ord(","):
            break
        start = position = position + 1
    if position != last:
        raise InvalidBatchError
    return found


def _end_of_element(text: bytes, position: int) -> int:
    """Position of the comma or bracket after an element. Raises InvalidBatchError when there is none."""
    open_brackets: list[int] = []
    while True:
        skip = _UNTIL_BRACKET if open_brackets else _UNTIL_BRACKET_OR_COMMA
        position = skip(text, position).end()  # type: ignore[union-attr]  # always matches, if only empty text
        character = text[position] if position < len(text) else None
        if character in _CLOSING:
            open_brackets.append(_CLOSING[character])
        elif not open_brackets and (character == ord(",") or character == ord("]")):
            return position
        elif not open_brackets or character != open_brackets.pop():
            raise InvalidBatchError
        position += 1


def stream_of(value: bytes | None, headers: Headers) -> Stream:
    """The stream of the event's type, in either mode; UNROUTED when the type cannot be read or is unknown."""
    try:
        event = parse_record(value, headers).event
    except Refusal:
        return UNROUTED
    name = event.get("type") if isinstance(event, dict) else None
    known = EVENT_TYPES.get(name) if isinstance(name, str) else None
    return known.stream if known else UNROUTED


def as_record(value: bytes, headers: Headers, secret: bytes) -> PlainRecord:
    """A record whose offset is a hash of what was sent: sent again, it becomes the same dead letter.

    The offset is stored in clear text next to the encrypted dead letter. It is keyed by `secret`, so that guessing
    contents does not reveal which person a dead letter is about.
    """
    mac = hmac.new(secret, b"\0gateway", "sha256")  # never the input of a pseudonym, which begins with a county
    for name, content in sorted((name, content or b"") for name, content in headers if name in _IDENTIFYING):
        mac.update(b"%s\0%d\0%s" % (name.encode(), len(content), content))
    mac.update(b"\0" + value)
    offset = int.from_bytes(mac.digest()[:8], "big") >> 1
    return PlainRecord(GATEWAY, 0, offset, 0, None, value or None, headers)
