"""Event lines with known content."""

import json
from collections.abc import Mapping
from typing import Any

COUNTY = "oma-hame"
BUG_ID = "rikki"
"""The faulty service cannot process a fact whose id starts with this, until `Harness.fix_handlers`."""


def event_line(type_: str, data: Mapping[str, Any], id: str = "", county: str = COUNTY, **envelope: Any) -> bytes:
    """A structured event; `id` is the id of the event, by default derived from the first field of its data."""
    event = {
        "specversion": "1.0",
        "id": id or f"e-{next(iter(data.values()))}",
        "source": f"urn:hva:{county}:acd",
        "type": f"fi.hva.{type_}.v1",
        "time": "2026-03-02T10:00:00Z",
        "data": data,
    }
    return json.dumps(event | envelope, ensure_ascii=False).encode()


def feedback_answered(response_id: str, **data: Any) -> bytes:
    """A promoter's answer; fields of `data` are added or replace the defaults."""
    base = {
        "response_id": response_id,
        "unit": "forssa-ta",
        "channel": "sms",
        "answered_at": "2026-03-01T12:00:00+02:00",
        "answers": [{"question": "recommend", "value": 10}],
    }
    return event_line("feedback.answered", base | data)


def feedback_given(feedback_id: str, **data: Any) -> bytes:
    """Direct feedback with a request for a reply."""
    base = {
        "feedback_id": feedback_id,
        "unit": "forssa-ta",
        "channel": "web",
        "given_at": "2026-03-02T12:00:00+02:00",
        "kind": "complaint",
        "wants_reply": True,
    }
    return event_line("feedback.given", base | data)


def contact_recorded(contact_id: str, **data: Any) -> bytes:
    """A call that was answered and resolved; it has no client and no reason, unless `data` adds them."""
    base = {
        "contact_id": contact_id,
        "unit": "forssa-ta",
        "line": "terveys",
        "channel": "phone",
        "started_at": "2026-03-02T10:00:00+02:00",
        "answered_at": "2026-03-02T10:01:00+02:00",
        "outcome": "hoidettu",
    }
    return event_line("contact.recorded", base | data)


def service_event(service_event_id: str, **data: Any) -> bytes:
    """A service event that took place."""
    base = {
        "service_event_id": service_event_id,
        "client": {"local_id": "A0"},
        "unit": "forssa-ta",
        "sector": "vastaanotto",
        "occurred_at": "2026-03-02T10:00:00+02:00",
    }
    return event_line("care.service-event", base | data)


def common_client(flag_id: str, **data: Any) -> bytes:
    """A flag that makes its client a member from 2026 on."""
    return event_line("care.common-client", {"flag_id": flag_id, "valid_from": "2026-01-01"} | data)


def contact_retracted(contact_id: str) -> bytes:
    """Retracts a contact. It names no client, so its key differs from the key of the contact."""
    return event_line("contact.retracted", {"contact_id": contact_id, "revision": 2}, id=f"x-{contact_id}")


def client_merged(merge_id: str, one: Mapping[str, str], other: Mapping[str, str], revision: int = 1) -> bytes:
    """Merges two clients to one person."""
    data = {"merge_id": merge_id, "revision": revision, "from": one, "into": other}
    return event_line("client.merged", data, id=f"{merge_id}-{revision}")


def care_retracted(revision: int, **id: str) -> bytes:
    """Retracts a fact of the care stream, or a merge."""
    return event_line("care.retracted", id | {"revision": revision}, id=f"x-{revision}-{next(iter(id.values()))}")


def client_erased(erasure_id: str, client: Mapping[str, str]) -> bytes:
    """Erases a client."""
    return event_line("client.erased", {"erasure_id": erasure_id, "client": client})
