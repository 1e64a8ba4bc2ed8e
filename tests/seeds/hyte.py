"""Guidance to independent wellbeing activities: the document names what is counted and gives no numbers."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from tests.seeds.lines import event, moment
from tests.seeds.units import LOCAL

_A_MONTH: Final = {
    "tray_visit": {2025: 400, 2026: 450},
    "exercise_referral": {2025: 30, 2026: 33},
    "digital_path_coaching": {2025: 60, 2026: 72},
}
_UNIT: Final = LOCAL[0]


def events() -> Iterator[bytes]:
    for year, months in ((2025, 12), (2026, 3)):
        for month in range(1, months + 1):
            day = date(year, month, 15)
            for kind, counts in _A_MONTH.items():
                data = {
                    "count_id": f"{kind}-{year}-{month}",
                    "unit": _UNIT,
                    "kind": kind,
                    "counted_on": day.isoformat(),
                    "count": counts[year],
                }
                yield event("hyte", "hyte.counted", moment(day, 0), data)
