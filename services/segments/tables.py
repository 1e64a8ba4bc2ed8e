"""The fact tables of the segments family: which columns of the database hold which fields of a fact."""

from collections.abc import Mapping
from typing import Any, Final

from services.segments.facts import Assessment, Assignment, Flag, Plan, ServiceEvent
from shared.postgres.facts import FactTable

_IDENTITY: Final = {"id": "text", "rank": "bytea", "retracted": "boolean"}
_CLIENT: Final = {"own_client": "text", "person": "bigint"}
_UNIT: Final = {"unit": "text", "unit_row": "bigint", "day": "date"}
_VALID: Final = {"valid_from": "date", "valid_to": "date"}

EVENTS: Final = FactTable(
    "segments.service_event",
    ServiceEvent,
    {
        **_IDENTITY,
        **_UNIT,
        **_CLIENT,
        "sector": "text",
        "event_class": "text",
        "status": "text",
        "occurred_at": "timestamptz",
        "segment": "text",
    },
    derived=("unit_row", "person", "segment"),
    computed={"done": "boolean"},
)
FLAGS: Final = FactTable("segments.flag", Flag, {**_IDENTITY, **_CLIENT, **_VALID}, derived=("person",))
PLANS: Final = FactTable("segments.plan", Plan, {**_IDENTITY, **_CLIENT, **_VALID}, derived=("person",))
ASSIGNMENTS: Final = FactTable(
    "segments.assignment",
    Assignment,
    {**_IDENTITY, **_CLIENT, **_VALID, "scheme": "text", "segment": "text"},
    derived=("person",),
)
ASSESSMENTS: Final = FactTable(
    "segments.assessment",
    Assessment,
    {
        **_IDENTITY,
        **_UNIT,
        **_CLIENT,
        "assessed_at": "timestamptz",
        "result": "text",
        "battery": "text",
        "sex": "text",
    },
    derived=("unit_row", "person"),
)
TABLES: Final[Mapping[type[Any], FactTable[Any]]] = {
    table.fact: table for table in (EVENTS, FLAGS, PLANS, ASSIGNMENTS, ASSESSMENTS)
}
