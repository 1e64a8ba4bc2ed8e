"""Events and contexts for tests of validation. All persons are test persons (individual numbers 900-999)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from services.ingest.themes import Themes
from services.ingest.validate import Accepted, Context, Rejected, validate
from shared.contracts.catalogue import Stream
from shared.contracts.event_types import EVENT_TYPES
from shared.hetu import CHECK
from shared.keys import Key
from shared.pseudonym import Keyring

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = Key("k1", b"0123456789abcdef0123456789abcdef")
HETU = "010594Y9032"
OTHER_HETU = "020594X903P"
PID = "k9.yv6bqYhIXhXR3_OOsm3JEw"

CONTACT = "fi.hva.contact.recorded.v1"
ANSWERED = "fi.hva.feedback.answered.v1"
GIVEN = "fi.hva.feedback.given.v1"
HYTE = "fi.hva.hyte.counted.v1"
PLAN = "fi.hva.care.plan.v1"
SERVICE = "fi.hva.care.service-event.v1"
MERGED = "fi.hva.client.merged.v1"

DATA: dict[str, dict[str, Any]] = {
    "fi.hva.feedback.invited.v1": {
        "invitation_id": "i1",
        "unit": "ta",
        "channel": "sms",
        "invited_at": "2026-05-01T10:00:00+03:00",
        "delivered": True,
    },
    ANSWERED: {
        "response_id": "r1",
        "unit": "ta",
        "channel": "web",
        "answered_at": "2026-05-01T10:00:00+03:00",
        "answers": [{"question": "recommend", "value": 9}],
    },
    GIVEN: {
        "feedback_id": "f1",
        "unit": "ta",
        "channel": "web",
        "given_at": "2026-05-01T10:00:00+03:00",
        "kind": "thanks",
    },
    "fi.hva.feedback.retracted.v1": {"response_id": "r1", "revision": 2},
    CONTACT: {
        "contact_id": "c1",
        "unit": "ta",
        "line": "terveys",
        "channel": "phone",
        "started_at": "2026-05-01T10:00:00+03:00",
    },
    "fi.hva.contact.retracted.v1": {"contact_id": "c1", "revision": 2},
    HYTE: {"count_id": "h1", "unit": "ta", "kind": "tray_visit", "counted_on": "2026-05-01", "count": 3},
    "fi.hva.hyte.retracted.v1": {"count_id": "h1", "revision": 2},
    SERVICE: {
        "service_event_id": "s1",
        "client": {"pid": PID},
        "unit": "ta",
        "sector": "vastaanotto",
        "occurred_at": "2026-05-01T10:00:00+03:00",
    },
    "fi.hva.care.common-client.v1": {"flag_id": "l1", "client": {"pid": PID}, "valid_from": "2026-05-01"},
    PLAN: {"plan_id": "p1", "client": {"pid": PID}, "valid_from": "2026-05-01"},
    "fi.hva.care.suuntima.v1": {
        "assessment_id": "a1",
        "client": {"pid": PID},
        "unit": "ta",
        "assessed_at": "2026-05-01T10:00:00+03:00",
        "result": "verkosto",
        "battery": "social",
    },
    "fi.hva.care.segment.v1": {
        "assignment_id": "g1",
        "client": {"pid": PID},
        "scheme": "oma",
        "segment": "monialainen",
        "valid_from": "2026-05-01",
    },
    "fi.hva.care.retracted.v1": {"plan_id": "p1", "revision": 2},
    MERGED: {"merge_id": "m1", "from": {"hetu": HETU}, "into": {"local_id": "A1"}},
    "fi.hva.client.erased.v1": {"erasure_id": "e1", "client": {"pid": PID}},
}


def context(now: datetime = NOW, sources: Mapping[str, frozenset[str]] | None = None) -> Context:
    """Return a context with two counties, which have two units and one unit."""
    return Context(
        units={"oma-hame": frozenset({"ta", "tb"}), "pirha": frozenset({"tays"})},
        sources=sources,
        themes=Themes([("kohtaaminen", "ystäväll"), ("sujuvuus", "jono"), ("sujuvuus", "Odot")]),
        keyring=Keyring((KEY,)),
        now=now,
    )


def event(type_: str = CONTACT, /, **data: Any) -> dict[str, Any]:
    """Return a valid event. The keywords change its `data`; `...` removes a field."""
    merged = DATA[type_] | data
    return {
        "specversion": "1.0",
        "id": "e1",
        "source": "urn:hva:oma-hame:acd",
        "type": type_,
        "time": "2026-05-01T10:05:00+03:00",
        "data": {name: value for name, value in merged.items() if value is not ...},
    }


def judge(sent: object, stream: Stream | None = None, ctx: Context | None = None) -> Accepted | Rejected:
    """Validate what was sent, as JSON unless it is bytes. The stream is that of the event type unless it is given."""
    raw = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    if stream is None:
        name = sent.get("type") if isinstance(sent, dict) else None
        stream = EVENT_TYPES[name].stream if isinstance(name, str) and name in EVENT_TYPES else Stream.CONTACT
    return validate(raw, (), stream, ctx or context())


def reason(sent: object, stream: Stream | None = None, ctx: Context | None = None) -> str | None:
    """Return the reason of the rejection, or None if it is accepted."""
    verdict = judge(sent, stream, ctx)
    return verdict.reason.value if isinstance(verdict, Rejected) else None


def canonical(sent: object, ctx: Context | None = None) -> dict[str, Any]:
    """Return the canonical event of an event that must be accepted."""
    verdict = judge(sent, ctx=ctx)
    assert isinstance(verdict, Accepted), verdict
    value: dict[str, Any] = orjson.loads(verdict.value)
    return value


def canonical_data(sent: object) -> dict[str, Any]:
    """Return the canonical `data` of an event that must be accepted."""
    data: dict[str, Any] = canonical(sent)["data"]
    return data


def make_hetu(day: str, separator: str = "-", individual: str = "900") -> str:
    """Return a personal identity code with the correct check character."""
    return f"{day}{separator}{individual}{CHECK[int(day + individual) % 31]}"
