"""CloudEvents 1.0 on Kafka: structured or binary mode, decided by the headers, and the required attributes."""

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from services.ingest.refusal import Refusal
from shared.contracts.catalogue import RECORD_LIMIT
from shared.contracts.reasons import Reason
from shared.contracts.strict_json import MAX_DEPTH, Document, Undecodable, parse
from shared.contracts.types import MAX_LENGTH, canonical_instant
from shared.record import Headers

_STRUCTURED: Final = "application/cloudevents"
_JSON: Final = re.compile(r"[^/]+/(?:[^/]+\+)?json").fullmatch
_SOURCE: Final = re.compile(r"urn:hva:([a-z0-9-]+):([a-z0-9-]+)").fullmatch
_MAX_CACHED_SOURCE_LENGTH: Final = 256  # characters; a sender of longer ones could fill the memory
_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "source", "type", "time", "data", "datacontenttype", "dataschema", "subject"}
)


class ParsedRecord(NamedTuple):
    """An event as sent, in one shape for both modes. `headers` is empty in structured mode."""

    event: Any
    document: Document  # the value of the record
    headers: Headers


class Envelope(NamedTuple):
    """The required attributes, well-formed. `time` is canonical text."""

    id: str
    source: str
    county: str
    system: str
    type: str
    time: str
    data: dict[str, Any]
    unknown_fields: int  # attributes not in CloudEvents


def parse_record(value: bytes | None, headers: Headers) -> ParsedRecord:
    """The event of a record. Raises Refusal `too_large`, `undecodable` or, in binary mode, `envelope`."""
    size = len(value or b"")
    if headers:  # part of the event in binary mode
        size += sum(len(name) + len(content or b"") for name, content in headers)
    if size > RECORD_LIMIT:
        raise Refusal(Reason.TOO_LARGE, f"{size} bytes are more than {RECORD_LIMIT}")
    if not headers:
        return _structured(value)
    by_name = [(str(name).lower(), content) for name, content in headers]
    content_types = [content for name, content in by_name if name == "content-type" and content is not None]
    content_type = (
        content_types[0].decode("utf-8", "replace").partition(";")[0].strip().lower() if content_types else None
    )
    if content_type is not None and content_type.startswith(_STRUCTURED):
        if content_type != f"{_STRUCTURED}+json":
            raise Refusal(Reason.UNDECODABLE, "content-type: not application/cloudevents+json")
        return _structured(value)
    attributes = [(name[3:], content) for name, content in by_name if name.startswith("ce_")]
    if content_type is None and not attributes:
        return _structured(value)
    return _binary(value, content_type, attributes, headers)


def _structured(value: bytes | None) -> ParsedRecord:
    document = _parse_json(value or b"", MAX_DEPTH)
    return ParsedRecord(document.tree, document, ())


def _binary(
    value: bytes | None, content_type: str | None, attributes: list[tuple[str, bytes | None]], headers: Headers
) -> ParsedRecord:
    if content_type is not None and not _JSON(content_type):
        raise Refusal(Reason.ENVELOPE, "data: not an object, because the content-type is not JSON")
    if value is None:
        raise Refusal(Reason.ENVELOPE, "data: missing")
    document = _parse_json(value, MAX_DEPTH - 1)  # the event itself is level 1
    present = [(name, content) for name, content in attributes if content is not None]
    event: dict[str, Any] = {name: _header_text(content) for name, content in present}
    if len(event) != len(present):
        raise Refusal(Reason.ENVELOPE, "an attribute occurs twice in the headers")
    event["data"] = document.tree
    return ParsedRecord(event, document, headers)


def _header_text(content: bytes) -> str | None:
    """None where the bytes are not UTF-8: a required attribute is then missing, any other is not read."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _parse_json(value: bytes, max_depth: int) -> Document:
    try:
        return parse(value, max_depth)
    except Undecodable as error:
        raise Refusal(Reason.UNDECODABLE, str(error)) from None


def exact_data(parsed: ParsedRecord) -> Any:
    """The data of the event, parsed without rounding any number."""
    tree = parsed.document.exact()
    return tree if parsed.headers else tree["data"]


def read_envelope(event: Any) -> Envelope:
    """The required attributes. Raises Refusal `envelope`."""
    if type(event) is not dict:
        raise Refusal(Reason.ENVELOPE, "not an object")
    get = event.get
    if get("specversion") != "1.0":
        raise Refusal(Reason.ENVELOPE, "specversion: not the text 1.0")
    id, source, type_, data = get("id"), get("source"), get("type"), get("data")
    if type(id) is not str or not 0 < len(id) <= MAX_LENGTH or "\0" in id:
        raise Refusal(Reason.ENVELOPE, f"id: not a string of 1-{MAX_LENGTH} characters without U+0000")
    if type(source) is not str or (names := _county_and_system(source)) is None:
        raise Refusal(Reason.ENVELOPE, "source: not urn:hva:<county>:<system>")
    if type(type_) is not str or not type_:
        raise Refusal(Reason.ENVELOPE, "type: not a string")
    try:
        time = canonical_instant(get("time"))
    except ValueError as error:
        raise Refusal(Reason.ENVELOPE, f"time: {error}") from None
    if type(data) is not dict:
        raise Refusal(Reason.ENVELOPE, "data: not an object")
    unknown_fields = 0 if event.keys() <= _ATTRIBUTES else len(event.keys() - _ATTRIBUTES)
    return Envelope(id, source, *names, type_, time, data, unknown_fields)


def _county_and_system(source: str) -> tuple[str, str] | None:
    return _match_source_cached(source) if len(source) <= _MAX_CACHED_SOURCE_LENGTH else _match_source(source)


def _match_source(source: str) -> tuple[str, str] | None:
    match = _SOURCE(source)
    return (match[1], match[2]) if match else None


_match_source_cached = lru_cache(4096)(_match_source)
