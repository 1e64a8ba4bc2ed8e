"""Every kind of invalid record, and some that look invalid and must count. Each contains personal data."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.fault.events import COUNTY, event_line, feedback_answered, feedback_given

HETU = "010594Y9032"
LOCAL_ID = "salainen-4711"
COMMENT = "salakommentti"
CANARIES = (HETU, LOCAL_ID, COMMENT)
"""Personal data that must not appear in any log, metric or readable column."""

MIB = 1024 * 1024


class RawName(str):
    """A header name of arbitrary bytes. Only the batch builder that aiokafka has in pure Python accepts it."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return super().encode("latin-1")


class Poison(NamedTuple):
    """A record for `hva.raw.feedback` and the reason of its rejection; None for an event that counts."""

    kind: str
    reason: str | None
    value: bytes | None
    key: bytes | None = b"k"
    headers: tuple[tuple[str, bytes | None], ...] = ()


def poison_records(number: int) -> Iterator[Poison]:
    """One record of each kind; `number` makes the ids unique."""
    yield from _broken_bytes(number)
    yield from _broken_events(number)
    yield from _strange_records(number)


def _personal_data(number: int, **data: Any) -> dict[str, Any]:
    return {"client": {"hetu": HETU}, "comment": f"{COMMENT} {HETU}", "response_id": f"p{number}"} | data


def _event(number: int, **data: Any) -> bytes:
    return feedback_answered(**_personal_data(number, **data))


def _broken_bytes(number: int) -> Iterator[Poison]:
    valid = _event(number)
    yield Poison("empty", "undecodable", b"")
    yield Poison("null value", "undecodable", None)
    yield Poison("bad utf-8", "undecodable", valid.replace(COMMENT.encode(), b"\xff\xfe"))
    yield Poison("truncated json", "undecodable", valid[:-9])
    yield Poison("array", "envelope", b"[" + valid + b"]")
    yield Poison("largest that the topic accepts", "too_large", valid[:-1] + b" " * (4 * MIB - len(valid)) + b"}")
    yield Poison("too large", "too_large", valid[:-1] + b" " * MIB + b"}")
    deep = json.dumps({"x": 0}).replace("0", "[" * 5000 + "]" * 5000)
    yield Poison("deep nesting", "undecodable", valid.replace(b'"data": {', b'"data": {"d": ' + deep.encode() + b", "))
    yield Poison("nan", "undecodable", valid.replace(b'"value": 10', b'"value": NaN'))
    yield Poison("huge integer", "schema", valid.replace(b'"value": 10', b'"value": ' + b"9" * 4000))
    yield Poison("duplicate name", "undecodable", valid.replace(b'"data": {', b'"data": {"unit": "x", '))
    yield Poison("lone surrogate", "undecodable", valid.replace(b'"sms"', b'"\\ud800"'))


def _broken_events(number: int) -> Iterator[Poison]:
    yield Poison("wrong type of a field", "schema", _event(number, answers={"question": HETU[:6]}))
    yield Poison("unknown code of a closed list", "schema", _event(number, channel=LOCAL_ID))
    yield Poison(
        "unknown version", "unknown_type", event_line("feedback.answered", _personal_data(number), type="x.v9")
    )
    yield Poison("no id", "envelope", event_line("feedback.answered", _personal_data(number)).replace(b'"id"', b'"od"'))
    yield Poison("empty id", "schema", _event(number, response_id=""))
    yield Poison("naive time", "schema", _event(number, answered_at="2026-03-01T12:00:00"))
    yield Poison("future", "future_time", _event(number, answered_at="2099-01-01T00:00:00Z"))
    yield Poison("unit not in the register", "unknown_unit", _event(number, unit=LOCAL_ID))
    yield Poison(
        "county not in the register",
        "unknown_source",
        event_line("feedback.answered", _personal_data(number), county="x"),
    )
    contact: dict[str, Any] = {"contact_id": "c", "unit": "forssa-ta", "line": "x", "channel": "phone"}
    contact |= {"started_at": "2026-03-01T12:00:00Z", "client": {"local_id": LOCAL_ID}}
    yield Poison("event of another stream", "wrong_topic", event_line("contact.recorded", contact))
    yield Poison("personal id in an unknown field", "personal_id", _event(number, note=HETU))
    yield Poison("invalid personal id", "personal_id", _event(number, client={"hetu": HETU[:-1] + "Z"}))
    yield Poison("two client ids", "schema", _event(number, client={"hetu": HETU, "local_id": LOCAL_ID}))


def _strange_records(number: int) -> Iterator[Poison]:
    """Unusual records. Most are valid, because only the event counts."""
    for kind, key, headers in (
        ("header not utf-8", b"k", (("x-trace", b"\xff\xfe"),)),
        ("null header", b"k", (("x-trace", None),)),
        ("header name not utf-8", b"k", ((RawName("x-\xff\xfe"), b"v"), ("x-trace", b"v"))),
        ("null key", None, ()),
        ("key not utf-8", b"\xff\x00", ()),
    ):
        yield Poison(kind, None, _event(number, response_id=f"{kind}{number}"), key, headers)
    yield Poison("header name not utf-8, nor the value", "undecodable", b"\xff", b"k", ((RawName("\xe4"), None),))
    yield Poison("ancient", None, _event(number, response_id=f"old{number}", answered_at="1900-01-01T00:00:00Z"))
    many = {f"tuntematon-{n}": LOCAL_ID[0] for n in range(40_000)}
    yield Poison("flood of unknown fields", None, _event(number, response_id=f"many{number}", **many))
    for channel in ("sms", "web"):
        yield Poison("one revision, two contents", None, feedback_given(f"two{number}", channel=channel))
    yield _binary(number, None, {})
    yield _binary(number, "envelope", {"ce_time": b"\xff"})


def _binary(number: int, reason: str | None, changed: dict[str, bytes]) -> Poison:
    """An event in binary mode, with its attributes as headers, some of them changed."""
    attributes = {
        "ce_specversion": b"1.0",
        "ce_id": b"b",
        "ce_source": f"urn:hva:{COUNTY}:acd".encode(),
        "ce_type": b"fi.hva.feedback.answered.v1",
        "ce_time": b"2026-03-02T10:00:00Z",
        "content-type": b"application/json",
    } | changed
    data = json.dumps(json.loads(_event(number, response_id=f"b{number}"))["data"]).encode()
    return Poison("binary", reason, data, b"k", tuple(attributes.items()))
