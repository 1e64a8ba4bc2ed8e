"""The fact tables of the NPS family: which columns of the database hold which fields of a fact."""

from typing import Final

from services.nps.facts import Feedback, Invitation, Response
from shared.postgres.facts import FactTable

_COMMON: Final = {
    "id": "text",
    "rank": "bytea",
    "retracted": "boolean",
    "unit": "text",
    "unit_row": "bigint",
    "channel": "text",
    "day": "date",
    "label_day": "date",
    "own_client": "text",
    "segment": "text",
}
INVITATIONS: Final = FactTable(
    "nps.invitation",
    Invitation,
    {**_COMMON, "invited_at": "timestamptz", "delivered": "boolean", "answered": "boolean"},
    derived=("unit_row", "segment", "answered"),
)
RESPONSES: Final = FactTable(
    "nps.response",
    Response,
    {
        **_COMMON,
        "answered_at": "timestamptz",
        "invitation_id": "text",
        "client": "text",
        "counts": "boolean",
        "has_comment": "boolean",
        "answers": "jsonb",
    },
    derived=("unit_row", "segment", "client"),
)
FEEDBACK: Final = FactTable(
    "nps.feedback",
    Feedback,
    {
        **_COMMON,
        "given_at": "timestamptz",
        "kind": "text",
        "themes": "jsonb",
        "wants_reply": "boolean",
        "replied_at": "timestamptz",
        "in_time": "boolean",
    },
    derived=("unit_row", "segment", "in_time"),
)

TABLES: Final = (INVITATIONS, RESPONSES, FEEDBACK)
