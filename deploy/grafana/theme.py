"""Units, decimals, limits and colours of all dashboards, from this one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from deploy.report.model import Unit

# Blue, vermilion, bluish green and reddish purple of Okabe and Ito, which stay apart in every common colour blindness.
# All have a contrast of at least 3:1 on the light and on the dark background of Grafana (WCAG 2.2 AA for graphics); the
# palette of the report is for white paper only.
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
GREY: Final = "#8E8E8E"
SERIES: Final = (BLUE, VERMILION, GREEN, PURPLE, GREY)
"""Colours of series, in their order."""
SCALE: Final = (VERMILION, "#D97D36", GREY, "#5B9BC8", BLUE)
"""Colours of the answers 1 to 5."""
BACKGROUNDS: Final = ("#FFFFFF", "#181B1F")

GOOD: Final = BLUE
BAD: Final = VERMILION
MUTED: Final = GREY
PLAIN: Final = "text"  # the colour of text in Grafana: a number without a limit


@dataclass(frozen=True, slots=True)
class Measure:
    """How Grafana writes a number: its unit, decimals and the ends of its scale."""

    unit: str
    decimals: int
    minimum: float | None = None
    maximum: float | None = None


Measured = Unit | Literal["index"]
"""Units of published figures; `index` is in per cent, with a decimal."""
MEASURES: Final[Mapping[Measured, Measure]] = {
    "share": Measure("percentunit", 1, 0, 1),
    "percent": Measure("percent", 0, 0, 100),
    "index": Measure("percent", 1, 0, 100),
    "points": Measure("none", 1),
    "ratio": Measure("none", 2, 0),
    # Every digit: `short` would write 1,749 as 2 K.
    "count": Measure("locale", 0, 0),
    # hh:mm:ss: `s` writes English words. From 1 second, as charts of waits have a logarithmic axis.
    "wait": Measure("dthms", 0, 1),
}
WAITS: Final = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400)
"""Waits in seconds, as figures have them: the upper bounds of classes."""
LONGER_WAIT: Final = 2 * WAITS[-1]
"""Where charts draw a wait beyond the last bound, which is infinite."""
BYTES: Final = Measure("bytes", 1, 0)
SECONDS: Final = Measure("s", 0, 0)
AXIS_SECONDS: Final = Measure("suffix:s", 2, 0)  # an axis divides unit `s` into ticks such as 4.17 mins
SERVICES: Final[Mapping[str, str]] = {"ingest": BLUE, "nps": VERMILION, "fcr": GREEN, "segments": PURPLE}
"""Colours of services: the series of one have shades of it."""
NUMBER_HEIGHT: Final = 4
CHART_HEIGHT: Final = 9
WIDTH: Final = 24
