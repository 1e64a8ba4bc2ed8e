"""Names of views, columns and keys (docs/figures.md)."""

from collections.abc import Mapping
from typing import Final

_COLUMNS = {
    "nps": "promoters passives detractors n score score_low score_high",
    "statement": "c1 c2 c3 c4 c5 n not_applicable top1 top1_low top1_high top2 top2_low top2_high",
    "pei": "much_better better same_or_less dont_know n enabled_share dont_know_share",
    "response": "responses with_comment comment_share",
    "response_rate": "delivered answered rate",
    "direct_feedback": "n share wants_reply replied replied_in_time",
    "fcr": "handled with_outcome resolved resolvable gross net outcome_coverage",
    "fcr_confirmed": "handled linkable linkable_with_outcome confirmed fcr_confirmed linkable_share repeats"
    " repeat_rate",
    "fcr_client": "clients clients_not_repeated fcr_client",
    "access": "inbound early handled answered_share direct direct_share callback callback_share"
    " callback_requested callback_same_day callback_same_day_share with_promise promise_kept"
    " promise_kept_share waits wait_p50 wait_p90 transfers transfers_mean bounced bounce_rate",
    "digital": "phone chat sms digital_booking digital_share",
    "hyte": "count",
    "revolving": "clients revolving_clients index",
    "service_events": "events",
    "events_per_client": "member_events segment_clients events_per_client cell_clients events_per_cell_client"
    " member_days days person_time cohort_events cohort_clients cohort_ratio",
    "suuntima": "n share percent_printed",
    "suuntima_stock": "clients",
    "common_clients": "stock new",
}
VIEWS: Mapping[str, tuple[str, ...]] = {view: tuple(names.split()) for view, names in _COLUMNS.items()}

_SHARES: Final = frozenset({"rate", "gross", "net", "fcr_confirmed", "fcr_client", "outcome_coverage", "top1", "top2"})
# Bounds of intervals, waiting times, per cent rounded to a sum of 100, and the length of the period.
_NO_METRIC: Final = frozenset({"wait_p50", "wait_p90", "percent_printed", "days"})
METRICS: Mapping[str, tuple[str, ...]] = {
    view: tuple(name for name in names if name not in _NO_METRIC and not name.endswith(("_low", "_high")))
    for view, names in VIEWS.items()
}
"""The columns that a key result may have: shares, scores, ratios and counts."""


def is_share(column: str) -> bool:
    """Whether a column is a share (0..1), or a bound of one."""
    name = column.removesuffix("_low").removesuffix("_high")
    return name in _SHARES or name.endswith(("share", "_rate"))


CONSTANT_KEYS: Mapping[str, Mapping[str, str]] = {
    "digital": {"channel": "all"},
    "hyte": {"channel": "all", "segment": "all"},
    "revolving": {"channel": "all"},
    "events_per_client": {"segment": "all"},
    "suuntima": {"segment": "all"},
    "suuntima_stock": {"scope_level": "county", "segment": "all"},
    "common_clients": {"scope_level": "county", "segment": "all"},
}
"""The keys that have one value in all rows of a view."""

_FEEDBACK = ("all", "sms", "device", "web", "app", "phone", "paper", "chat", "other")
_FIRST_LINE = ("all", "phone", "chat")
_RESULTS = ("omatoimi", "yhteistyo", "yhteiso", "verkosto")

CLOSED_VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **{view: {"channel": _FEEDBACK} for view in ("nps", "statement", "pei", "response")},
    "response_rate": {"channel": tuple(channel for channel in _FEEDBACK if channel != "device")},
    "direct_feedback": {"channel": _FEEDBACK, "kind": ("all", "thanks", "complaint", "idea", "question")},
    **{view: {"channel": _FIRST_LINE} for view in ("fcr", "fcr_confirmed", "fcr_client")},
    "access": {"channel": (*_FIRST_LINE, "sms")},
    "digital": {"channel": ("all",)},
    "hyte": {
        "channel": ("all",),
        "kind": ("tray_visit", "exercise_referral", "digital_path_coaching", "first_line_guidance"),
    },
    "revolving": {"channel": ("all",)},
    "service_events": {
        "channel": ("all",),
        "event_class": ("all", "visit", "home_visit", "remote", "inpatient_day", "group", "other"),
    },
    "events_per_client": {"channel": ("all",)},
    "suuntima": {
        "channel": ("all",),
        "battery": ("all", "functioning", "illness", "social", "risk"),
        "sex": ("all", "woman", "man", "other", "unknown"),
        "result": _RESULTS,
    },
    "suuntima_stock": {"channel": ("all",), "result": _RESULTS},
    "common_clients": {"channel": ("all",), "kind": ("common_client", "plan")},
}
"""View -> key -> the values that rows of the view can have. Keys that are not here are in `KEY_VALUES`."""

_LEVELS = ("county", "division", "result_area", "service_area", "region", "unit", "line")

KEY_VALUES: Mapping[str, tuple[str | int, ...]] = {
    "county": (),
    "scope_level": _LEVELS,
    "scope": (),
    "channel": (),
    "segment": ("all", "multidisciplinary", "other", "unknown"),
    "question": (),
    "kind": (),
    "theme": (),
    "window_days": (1, 7, 30),
    "sector": (),
    "event_class": (),
    "battery": (),
    "sex": (),
    "result": (),
}
"""Key of a cell -> its closed list, or an empty tuple where any code is valid."""
