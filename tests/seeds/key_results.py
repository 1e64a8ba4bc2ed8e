"""What `report.key_result` must say of the quarter, from the documents' numbers and targets."""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from tests.oracle.compare import equal_values
from tests.seeds import COUNTY, QUARTER

Row = Mapping[str, Any]

# 000: "90 % asiakkaista kokee saamansa ensilinjan palvelun hyödyllisenä". 15 of the 20 units of the first line asked.
_USEFUL: Final = {
    **{"baseline": None, "target": 0.9, "actual": 0.784, "change_points": None, "change_relative": None},
    **{"progress": None, "met": False, "coverage": 15 / 20},
}
# 000: "loppuun asti 10 % enemmän kuin vuonna 2025", from 36 to 38 %: 2 points, not 2 per cent.
_TO_THE_END: Final = {
    **{"baseline": 0.36, "target": 0.396, "actual": 0.38, "change_points": 2.0, "change_relative": 100 * 2 / 36},
    **{"progress": 2 / 3.6, "met": False, "coverage": 20 / 34},
}
# 000: "80 % tai > … kokee", and it has "laskenut lähtötilanteesta". The values are ours.
_COOPERATION: Final = {
    **{"baseline": 0.78, "target": 0.8, "actual": 0.75, "change_points": -3.0, "change_relative": -100 * 3 / 78},
    **{"progress": -1.5, "met": False, "coverage": 2 / 34},
}
# 000: "palvelutapahtumien määrä/asiakas vähenee", and it is "noususuuntainen". The values are ours.
_SERVICE_EVENTS: Final = {
    **{"baseline": 1.0, "target": 1.0, "actual": 1.1, "change_points": 0.1, "change_relative": 10.0},
    **{"progress": None, "met": False, "coverage": 11 / 34},
}
# 000: "NPS pysyy vähintään samana", without a number to compare with.
_NPS: Final = {
    **{"baseline": None, "target": None, "actual": 75.0, "change_points": None, "change_relative": None},
    **{"progress": None, "met": None, "coverage": 14 / 34},
}
# 000: "ohjaaminen … lisääntyy vuoteen 2025 verrattuna", without numbers. The values are ours.
_GUIDANCE: Final = {
    **{"baseline": 1200.0, "target": 1200.0, "actual": 1350.0, "change_points": 150.0, "change_relative": 12.5},
    **{"progress": None, "met": True, "coverage": 1 / 34},
}

EXPECTED: Final[Mapping[str, Row]] = {
    "hyte-ohjaus": _GUIDANCE,
    "ensilinja-hyodyllinen": _USEFUL,
    "ensilinja-loppuun-asti": _TO_THE_END,
    "monialainen-yhteistyo": _COOPERATION,
    "monialainen-palvelutapahtumat": _SERVICE_EVENTS,
    "monialainen-nps": _NPS,
}


async def rows(connection: "asyncpg.Connection[Any]") -> list[Row]:
    """The key results of the quarter."""
    query = "select * from report.key_result where county = $1 and period = $2"
    return await connection.fetch(query, COUNTY, QUARTER)


def problems(found: list[Row]) -> list[str]:
    """Every column that differs, and key results of other periods or missing ones."""
    by_id = {row["id"]: row for row in found}
    if by_id.keys() != EXPECTED.keys():
        return [f"key results {sorted(by_id)} instead of {sorted(EXPECTED)}"]
    return [
        f"{id_} {column}: {by_id[id_][column]} instead of {value}"
        for id_, expected in EXPECTED.items()
        for column, value in expected.items()
        if not equal_values(value, by_id[id_][column])
    ]
