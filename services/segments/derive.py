"""What facts take from the registers: unit rows. Membership also depends on the segment rule and the sectors."""

from datetime import date

from services.segments.facts import Assessment, CareFact, ServiceEvent
from shared.registers import Registers


def unit_row(registers: Registers, county: str, unit: str, day: date) -> int:
    """Return the key of the unit's register row that is valid on the day."""
    return registers.unit_row(county, unit, day).key


def derive(fact: CareFact, registers: Registers) -> CareFact:
    """Derive the fact by these registers; returns the same object when nothing changes."""
    if not isinstance(fact, ServiceEvent | Assessment):
        return fact
    assert fact.unit is not None and fact.day is not None  # a fact that is not retracted has both
    row = unit_row(registers, fact.county, fact.unit, fact.day)
    return fact if row == fact.unit_row else fact._replace(unit_row=row)


def version(registers: Registers) -> str:
    """Return the version of what the family depends on: units without names, the segment rule and sector kinds."""
    return "/".join(map(registers.version_of, ("unit_rows", "segment_rule", "sectors")))
