"""The fact tables of the first-contact family: which columns of the database hold which fields of a fact."""

from typing import Final

from services.fcr.facts import Contact, HyteCount
from shared.postgres.facts import FactTable

_COMMON: Final = {
    "id": "text",
    "rank": "bytea",
    "retracted": "boolean",
    "unit": "text",
    "unit_row": "bigint",
    "day": "date",
}
CONTACTS: Final = FactTable(
    "fcr.contact",
    Contact,
    {
        **_COMMON,
        "line": "text",
        "channel": "text",
        "own_client": "text",
        "person": "bigint",
        "segment": "text",
        "direction": "text",
        "excluded": "text",
        "started_at": "timestamptz",
        "answered_at": "timestamptz",
        "ended_at": "timestamptz",
        "answer_mode": "text",
        "callback_requested_at": "timestamptz",
        "callback_first_attempt_at": "timestamptz",
        "callback_reached_at": "timestamptz",
        "promised_by": "timestamptz",
        "due": "timestamptz",
        "abandoned": "boolean",
        "planned": "boolean",
        "transfers": "bigint",
        "reason": "text",
        "outcome": "text",
        "classification": "text",
        "callback_same_day": "boolean",
        "repeats_within": "smallint",
        "repeated_within": "smallint",
    },
    derived=("unit_row", "person", "segment", "due", "repeats_within", "repeated_within"),
    computed={
        "counted": "boolean",
        "handled": "boolean",
        "repeatable": "boolean",
        "awaiting_response": "boolean",
        "effective_end": "timestamptz",
    },
)
HYTE: Final = FactTable("fcr.hyte", HyteCount, {**_COMMON, "kind": "text", "amount": "bigint"}, derived=("unit_row",))
