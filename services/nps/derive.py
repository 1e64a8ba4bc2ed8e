"""What a fact of the family takes from the registers: its unit row, and whether a reply kept the promise."""

from dataclasses import replace
from datetime import date, datetime

from services.nps.facts import Fact, Feedback
from shared.registers import Registers
from shared.registers.promises import reply_due


def unit_row(registers: Registers, county: str, unit: str, day: date) -> int:
    """The key of the register row valid on the day."""
    return registers.unit_row(county, unit, day).key


def in_time(registers: Registers, county: str, given_at: datetime, replied_at: datetime | None) -> bool:
    """Whether direct feedback was replied to by the promise valid when it was given."""
    if replied_at is None:
        return False
    due = reply_due(registers, county, given_at)
    return due is not None and replied_at <= due


def derive(fact: Fact, registers: Registers) -> Fact:
    """The fact by these registers; the same object when nothing changes."""
    assert fact.unit is not None and fact.day is not None  # a fact that is not retracted has both
    row = unit_row(registers, fact.county, fact.unit, fact.day)
    kept = fact
    if isinstance(fact, Feedback):
        assert fact.given_at is not None
        promised = in_time(registers, fact.county, fact.given_at, fact.replied_at)
        kept = fact if promised == fact.in_time else replace(fact, in_time=promised)
    return kept if row == kept.unit_row else replace(kept, unit_row=row)


def version(registers: Registers) -> str:
    """What the facts of the family depend on: units without their names, and promises."""
    return f"{registers.version_of('unit_rows')}/{registers.version_of('promises')}"
