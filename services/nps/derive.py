"""What facts of the family take from registers: the unit row, and whether a reply came in the promised time."""

from datetime import date, datetime

from services.nps.facts import Feedback, FeedbackFact
from shared.registers import Registers
from shared.registers.promises import reply_due


def unit_row(registers: Registers, county: str, unit: str, day: date) -> int:
    """The key of the unit-register row valid on the day."""
    return registers.unit_row(county, unit, day).key


def in_time(registers: Registers, county: str, given_at: datetime, replied_at: datetime | None) -> bool:
    """Whether the reply came within the time promised when the feedback was given."""
    if replied_at is None:
        return False
    due = reply_due(registers, county, given_at)
    return due is not None and replied_at <= due


def derive(fact: FeedbackFact, registers: Registers) -> FeedbackFact:
    """The fact derived by these registers; the same object when nothing changes."""
    assert fact.unit is not None and fact.day is not None  # every fact that is not retracted has both
    row = unit_row(registers, fact.county, fact.unit, fact.day)
    derived = fact
    if isinstance(fact, Feedback):
        assert fact.given_at is not None
        promised = in_time(registers, fact.county, fact.given_at, fact.replied_at)
        derived = fact if promised == fact.in_time else fact._replace(in_time=promised)
    return derived if row == derived.unit_row else derived._replace(unit_row=row)


def version(registers: Registers) -> str:
    """Version of what facts of the family depend on: unit rows without names, and promises."""
    return f"{registers.version_of('unit_rows')}/{registers.version_of('promises')}"
