"""Example contacts and what they count."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.fcr.domain import contributions
from services.fcr.facts import Contact, ContactFact
from shared.deltas import Dimensions

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # Monday, 10 in Finland
TICK, SECOND, HOUR, DAY = (
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(hours=1),
    timedelta(hours=24),
)
TODAY = date(2026, 3, 2)
COMMON: dict[str, Any] = {
    "county": "oma-hame",
    "id": "c1",
    "rank": b"",
    "retracted": False,
    "unit": "keskus",
    "unit_row": 7,
    "day": TODAY,
    "line": "terveys",
    "channel": "phone",
    "direction": "inbound",
    "started_at": START,
}
LINKED: dict[str, Any] = {"own_client": "k1.x", "person": 5, "segment": "other", "reason": "kuume"}
ANSWERED: dict[str, Any] = {"answered_at": START + 20 * SECOND}
INBOUND = {"inbound": 1, "phone": 1}


def contact(**fields: Any) -> Contact:
    """Return an unanswered inbound call, changed by the fields."""
    return Contact(**{**COMMON, **fields})


def counted(fact: ContactFact) -> dict[str, dict[str, int]]:
    """Return measure with codes -> name of the count -> number, and check the dimensions."""
    found: dict[str, dict[str, int]] = {}
    for measure, dimensions, codes, columns, amount in contributions(fact):
        if isinstance(fact, Contact):
            assert dimensions == Dimensions(TODAY, 7, fact.channel or "", fact.segment)
        counts = found.setdefault("/".join((measure.name, *codes)), {})
        for column in columns:
            name = measure.counts[column]
            counts[name] = counts.get(name, 0) + amount
    return found


def access(**fields: Any) -> dict[str, int]:
    """Return what a contact counts in ACCESS."""
    return counted(contact(**fields)).get("access/terveys", {})
