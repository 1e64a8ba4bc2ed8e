"""The registers: codes and rules of the counties, in files that people edit (docs/operations.md, Registers)."""

from shared.registers.folder import load_folder
from shared.registers.model import KeyResult, Outcome, PromiseRow, Registers, SegmentRule
from shared.registers.problems import RegisterError
from shared.registers.units import UnitRow

__all__ = [
    "KeyResult",
    "Outcome",
    "PromiseRow",
    "RegisterError",
    "Registers",
    "SegmentRule",
    "UnitRow",
    "load_folder",
]
