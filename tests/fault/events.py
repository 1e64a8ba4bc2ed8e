"""Lines for tests that need to know what they send."""

import json
from collections.abc import Mapping
from typing import Any

COUNTY = "oma-hame"
BUG = "rikki"
"""A fact whose id begins so is more than the handler of the service with faults can stand, until that is fixed."""


def line(type_: str, data: Mapping[str, Any], id: str = "", county: str = COUNTY, **envelope: Any) -> bytes:
    """A structured event; `id` is that of the event, by default that of its data."""
    event = {
        "specversion": "1.0",
        "id": id or f"e-{next(iter(data.values()))}",
        "source": f"urn:hva:{county}:acd",
        "type": f"fi.hva.{type_}.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": data,
    }
    return json.dumps(event | envelope, ensure_ascii=False).encode()


def answered(response_id: str, **data: Any) -> bytes:
    """A promoter's answer; fields of `data` replace or add to its own."""
    base = {
        "response_id": response_id,
        "unit": "forssa-ta",
        "channel": "sms",
        "answered_at": "2026-03-01T12:00:00+02:00",
        "answers": [{"question": "recommend", "value": 10}],
    }
    return line("feedback.answered", base | data)


def given(feedback_id: str, **data: Any) -> bytes:
    """Direct feedback that wants a reply."""
    base = {
        "feedback_id": feedback_id,
        "unit": "forssa-ta",
        "channel": "web",
        "given_at": "2026-03-02T12:00:00+02:00",
        "kind": "complaint",
        "wants_reply": True,
    }
    return line("feedback.given", base | data)


def recorded(contact_id: str, **data: Any) -> bytes:
    """A call that was answered and resolved; without a client and a reason, unless `data` has them."""
    base = {
        "contact_id": contact_id,
        "unit": "forssa-ta",
        "line": "terveys",
        "channel": "phone",
        "started_at": "2026-03-02T10:00:00+02:00",
        "answered_at": "2026-03-02T10:01:00+02:00",
        "outcome": "hoidettu",
    }
    return line("contact.recorded", base | data)


def visited(service_event_id: str, **data: Any) -> bytes:
    """A service event that was done."""
    base = {
        "service_event_id": service_event_id,
        "client": {"local_id": "A0"},
        "unit": "forssa-ta",
        "sector": "vastaanotto",
        "occurred_at": "2026-03-02T10:00:00+02:00",
    }
    return line("care.service-event", base | data)


def flagged(flag_id: str, **data: Any) -> bytes:
    """Someone is a common client, and so a member, from 2026 on."""
    return line("care.common-client", {"flag_id": flag_id, "valid_from": "2026-01-01"} | data)


def retracted(contact_id: str) -> bytes:
    """Takes a contact back; it names no client, so its key is another than that of the contact."""
    return line("contact.retracted", {"contact_id": contact_id, "revision": 2}, id=f"x-{contact_id}")


def merged(merge_id: str, one: Mapping[str, str], other: Mapping[str, str], revision: int = 1) -> bytes:
    """Two clients are one person."""
    data = {"merge_id": merge_id, "revision": revision, "from": one, "into": other}
    return line("client.merged", data, id=f"{merge_id}-{revision}")


def taken_back(revision: int, **id: str) -> bytes:
    """Takes a fact of the care stream, or a merge, back."""
    return line("care.retracted", id | {"revision": revision}, id=f"x-{revision}-{next(iter(id.values()))}")


def erased(erasure_id: str, client: Mapping[str, str]) -> bytes:
    """The erasure of a client."""
    return line("client.erased", {"erasure_id": erasure_id, "client": client})
