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


def counts_of(fact: ContactFact) -> dict[str, dict[str, int]]:
    """Return the non-zero counts of a fact by measure with codes, and check the dimensions."""
    result: dict[str, dict[str, int]] = {}
    for measure, dimensions, codes, columns, amount in contributions(fact):
        if isinstance(fact, Contact):
            assert dimensions == Dimensions(TODAY, 7, fact.channel or "", fact.segment)
        counts = result.setdefault("/".join((measure.name, *codes)), {})
        for column in columns:
            name = measure.counts[column]
            counts[name] = counts.get(name, 0) + amount
    return result


def access_counts(**fields: Any) -> dict[str, int]:
    """Return the counts of a contact in the measure ACCESS."""
    return counts_of(contact(**fields)).get("access/terveys", {})
