"""Builders of contacts of county c, registers with a few rows, and the figures of such contacts."""

from datetime import UTC, datetime, timedelta

from tests.oracle.facts import Facts
from tests.oracle.fcr import fcr_views
from tests.oracle.registers import Registers
from tests.oracle.verdict import Accepted

NOW = datetime(2026, 7, 1, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
SPRING = datetime(2026, 5, 1, tzinfo=UTC)
TICK, SECOND, DAY = timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=1)
HANDLED = {"answered_at": MONDAY}
OUTCOMES = [
    {"outcome": "done", "classification": "", "resolved": "true", "first_line_resolvable": "true", "hyte": "false"},
    {"outcome": "done", "classification": "2", "resolved": "false", "first_line_resolvable": "true", "hyte": "true"},
    {"outcome": "sent", "classification": "", "resolved": "false", "first_line_resolvable": "false", "hyte": "false"},
]
PROMISES = [
    {"county": "c", "line": "l", "channel": "phone", "kind": "minutes", "amount": "10", "valid_from": "2024-01-01"},
    {"county": "c", "line": "l", "channel": "phone", "kind": "same_day", "amount": "", "valid_from": "2026-04-01"},
    {"county": "c", "line": "l", "channel": "chat", "kind": "working_days", "amount": "1", "valid_from": "2024-01-01"},
]
REGISTERS = Registers([], PROMISES, [], {}, None, {}, OUTCOMES)
WHOLE_COUNTY = {"scope_level": "county", "scope": "c", "channel": "all", "segment": "all"}


def contact(name, started_at=MONDAY, **fields):
    data = {"unit": "u", "line": "l", "channel": "phone", "direction": "inbound", "started_at": started_at}
    data |= {"abandoned": False, "transfers": 0, "planned": False} | fields
    data = {name: value for name, value in data.items() if value is not None}
    return Accepted("fi.hva.contact.recorded.v1", "contact", "contact", name, "c", 1, (1,), False, data)


def linked(name, started_at=MONDAY, **fields):
    """A handled, linkable, resolved contact."""
    right = {"client": ("c", "who"), "reason": "r", "outcome": "done", "answered_at": started_at}
    return contact(name, started_at, **(right | fields))


def figures(contacts, as_of=NOW, **kept):
    """view -> the rows of the whole county, or of the keys in `kept`."""
    found = fcr_views(Facts(contacts), REGISTERS, as_of)
    return {view: [row for row in rows if (WHOLE_COUNTY | kept).items() <= row.items()] for view, rows in found.items()}
