"""Objectives and key results of a quarter, with what people say of them and the trend of each."""

from typing import Any

from deploy.report.model import Objective


async def read(connection: Any, county: str, quarter: str) -> tuple[Objective, ...] | None:
    """Objectives in the order of the register; None where the database has no key results."""
    return None
