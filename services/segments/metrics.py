"""The business gauges of the family."""

from typing import Final

from shared.gauges import Gauge

_VIEW: Final = "events_per_client"
_CLIENTS: Final = "Multidisciplinary clients of the county in the period."
_EVENTS: Final = "Service events of multidisciplinary clients."
_EVENTS_PER_CLIENT: Final = "Service events of multidisciplinary clients, by clients of the county."

GAUGES: Final = {
    "hva_segment_clients": Gauge(_CLIENTS, _VIEW, "segment_clients"),
    "hva_segment_events": Gauge(_EVENTS, _VIEW, "member_events"),
    "hva_segment_events_per_client": Gauge(_EVENTS_PER_CLIENT, _VIEW, "events_per_client"),
}
