"""What a fact of the family takes from the registers: its unit row, and until when an answer was promised."""

from datetime import date, datetime

from services.fcr.facts import Contact, ContactFact
from shared.registers import Registers
from shared.registers.promises import due


def unit_row(registers: Registers, county: str, unit: str, day: date) -> int:
    """The key of the register row valid on the day."""
    return registers.unit_row(county, unit, day).key


def promised(
    registers: Registers, county: str, line: str, channel: str, started_at: datetime, promised_by: datetime | None
) -> datetime | None:
    """Until when an answer was promised: in this very case, else by the line and channel."""
    return promised_by if promised_by is not None else due(registers, county, line, channel, started_at)


def derive(fact: ContactFact, registers: Registers) -> ContactFact:
    """The fact by these registers; the same object when nothing changes."""
    assert fact.unit is not None and fact.day is not None  # a fact that is not retracted has both
    row = unit_row(registers, fact.county, fact.unit, fact.day)
    if isinstance(fact, Contact):
        assert fact.line is not None and fact.channel is not None and fact.started_at is not None
        until = promised(registers, fact.county, fact.line, fact.channel, fact.started_at, fact.promised_by)
        fact = fact if until == fact.due else fact._replace(due=until)
    return fact if row == fact.unit_row else fact._replace(unit_row=row)


def version(registers: Registers) -> str:
    """What the facts of the family depend on: units without their names, and promises."""
    return f"{registers.version_of('unit_rows')}/{registers.version_of('promises')}"
