"""A national install for benchmarks: the registers and events of one county, copied to others."""

import shutil
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

from tests.bench.workload import Event, registers_folder

COUNTIES: Final = 21
SOURCE: Final = "oma-hame"


def county_names(counties: int = COUNTIES) -> list[str]:
    """The counties: two of the registers, and copies of the first one."""
    return [SOURCE, "pirha", *(f"county-{number:02}" for number in range(3, COUNTIES + 1))][:counties]


def national_registers(folder: Path) -> Path:
    """The registers of the project with the units of one county also in the copies."""
    if not folder.exists():
        shutil.copytree(registers_folder(), folder)
        units = folder / "units.csv"
        own = [line for line in units.read_text().splitlines() if line.startswith(f"{SOURCE},")]
        copies = (line.replace(SOURCE, name, 1) for name in county_names()[2:] for line in own)
        units.write_text(units.read_text().rstrip("\n") + "\n" + "\n".join(copies) + "\n")
    return folder


def spread(events: Sequence[Event], counties: Sequence[str]) -> list[Event]:
    """The events of one county, given to these counties in turns."""
    own = f'"county":"{SOURCE}"'.encode()
    names = cycle(counties)

    def moved() -> Iterator[Event]:
        for event in events:
            if own in event.value:
                county = f'"county":"{next(names)}"'.encode()
                yield Event(event.key, event.value.replace(own, county, 1), event.line)

    return list(moved())
