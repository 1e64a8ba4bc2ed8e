"""Registers taken over as by services that run by those of the database: also a version of before."""

from typing import Any

from shared.postgres.registers import current_version, load
from shared.registers import Registers


async def take_over(connection: Any, registers: Registers) -> None:
    """Load registers in the place of the current ones."""
    await load(connection, registers, replaces=await current_version(connection))
