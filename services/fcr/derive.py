"""What a fact takes from the registers: its unit row and the time by which an answer was promised."""

from datetime import date, datetime

from services.fcr.facts import Contact, ContactFact
from shared.registers import Registers
from shared.registers.promises import due


def unit_row(registers: Registers, county: str, unit: str, day: date) -> int:
    """Return the key of the unit's register row that is valid on the day."""
    return registers.unit_row(county, unit, day).key


def promised_until(
    registers: Registers, county: str, line: str, channel: str, started_at: datetime, promised_by: datetime | None
) -> datetime | None:
    """Return the time by which an answer was promised: to this contact, else by its line and channel."""
    return promised_by if promised_by is not None else due(registers, county, line, channel, started_at)


def derive(fact: ContactFact, registers: Registers) -> ContactFact:
    """Derive the fact by these registers; returns the same object when nothing changes."""
    assert fact.unit is not None and fact.day is not None  # a fact that is not retracted has both
    row = unit_row(registers, fact.county, fact.unit, fact.day)
    if isinstance(fact, Contact):
        assert fact.line is not None and fact.channel is not None and fact.started_at is not None
        due_at = promised_until(registers, fact.county, fact.line, fact.channel, fact.started_at, fact.promised_by)
        fact = fact if due_at == fact.due else fact._replace(due=due_at)
    return fact if row == fact.unit_row else fact._replace(unit_row=row)


def version(registers: Registers) -> str:
    """Return the version of what the facts depend on: units without their names, and promises."""
    return f"{registers.version_of('unit_rows')}/{registers.version_of('promises')}"
