"""The units of the register `units.csv`, by what they do."""

from typing import Final

from shared.registers.folder import load_folder
from tests.seeds import CONFIG

_ROWS: Final = load_folder(CONFIG).units
PHONES: Final = tuple(row.unit for row in _ROWS if row.unit.startswith("puhelin-"))
CHATS: Final = tuple(row.unit for row in _ROWS if row.unit.startswith("chat-"))
HOSPITAL: Final = ("sairaala-poliklinikat", "sairaala-osastot")
STATIONS: Final = tuple(row.unit for row in _ROWS if row.unit.startswith("sote-asema-"))
LOCAL: Final = (*STATIONS, "lahisairaala")


def line_of(unit: str) -> str:
    """The first line of a unit that answers the phone or a chat."""
    service = unit.split("-")[1]
    return "mielenterveys" if service == "paihde" else service
