"""The business gauges of the family."""

from typing import Final

from shared.gauges import Gauge

_WINDOW: Final = ("window_days",)
_CONFIRMED: Final = "Contacts resolved and not repeated within the window, of linkable ones with an outcome."
_REPEATS: Final = "Contacts that repeat another within the window, of linkable ones."

GAUGES: Final = {
    "hva_fcr_gross_ratio": Gauge("Contacts resolved, of those with an outcome.", "fcr", "gross"),
    "hva_fcr_net_ratio": Gauge("Contacts resolved, of those that the first line can resolve.", "fcr", "net"),
    "hva_fcr_confirmed_ratio": Gauge(_CONFIRMED, "fcr_confirmed", "fcr_confirmed", _WINDOW),
    "hva_fcr_repeat_ratio": Gauge(_REPEATS, "fcr_confirmed", "repeat_rate", _WINDOW),
    "hva_answered_ratio": Gauge("Contacts answered, of those not given up at once.", "access", "answered_share"),
    "hva_digital_ratio": Gauge("Chat and digital bookings, of all contacts.", "digital", "digital_share"),
}
