"""Replaces the registers in the database, also by an earlier version."""

from typing import Any

from shared.postgres.registers import current_version, load
from shared.registers import Registers


async def replace_registers(connection: Any, registers: Registers) -> None:
    """Load registers in place of the current ones. `load` alone does not go back to a superseded version."""
    await load(connection, registers, replaces=await current_version(connection))
