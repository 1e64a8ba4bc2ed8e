"""Names of units in place of their codes, as the register in the database has them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

Names = Mapping[tuple[str, str], str]
"""(county, unit) -> name."""

_UNITS = "select county, unit, name_fi, name_sv, name_en from report.unit"


class Lang(StrEnum):
    """Languages that the register has names in."""

    FI = "fi"
    SV = "sv"
    EN = "en"


async def unit_names(dsn: str, lang: Lang) -> Names:
    """The name of every unit that the database knows."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(_UNITS)
    finally:
        await connection.close()
    return {(row["county"], row["unit"]): row[f"name_{lang}"] for row in rows}


def named(rows: Sequence[Mapping[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The rows with the names of their units as scopes. A code without a name stays; a name that two units share is
    followed by the code.
    """
    units = {(row["county"], row["scope"]) for row in rows if row["scope_level"] == "unit"}
    times = Counter(names.get(unit) for unit in units)

    def scope(row: Mapping[str, Any]) -> str:
        code = str(row["scope"])
        name = names.get((row["county"], code)) if row["scope_level"] == "unit" else None
        if not name:
            return code
        return f"{name} ({code})" if times[name] > 1 else name

    return [{**row, "scope": scope(row)} for row in rows]
