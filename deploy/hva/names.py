"""Replaces unit codes by unit names from the register in the database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

Names = Mapping[tuple[str, str], str]
"""(county, unit) -> name."""

_UNITS = "select county, unit, name_fi, name_sv, name_en from report.unit"


class Lang(StrEnum):
    """Languages of unit names."""

    FI = "fi"
    SV = "sv"
    EN = "en"


async def unit_names(dsn: str, lang: Lang) -> Names:
    """The names of all units in the database."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_UNITS)
    finally:
        await connection.close()
    return {(row["county"], row["unit"]): row[f"name_{lang}"] for row in rows}


def named(rows: Sequence[Mapping[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The rows with unit names as scopes. A code without a name stays; a name of two units is followed by the code."""
    units = {(row["county"], row["scope"]) for row in rows if row["scope_level"] == "unit"}
    times = Counter(names.get(unit) for unit in units)

    def scope(row: Mapping[str, Any]) -> str:
        code = str(row["scope"])
        name = names.get((row["county"], code)) if row["scope_level"] == "unit" else None
        if not name:
            return code
        return f"{name} ({code})" if times[name] > 1 else name

    return [{**row, "scope": scope(row)} for row in rows]
