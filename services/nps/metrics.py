"""The business gauges of the family."""

from typing import Final

from shared.gauges import Gauge

GAUGES: Final = {
    "hva_nps_score": Gauge("Net promoter score in points, -100 to 100.", "nps", "score"),
    "hva_nps_responses": Gauge("Answers behind the net promoter score.", "nps", "n"),
}
