"""Names of views, columns and keys that a key result may refer to (docs/figures.md)."""

from collections.abc import Mapping

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
FURTHER_KEYS: Mapping[str, Mapping[str, bool]] = {
    "statement": {"question": False},
    "pei": {"question": False},
    "direct_feedback": {"kind": True, "theme": True},
    "fcr_confirmed": {"window_days": False},
    "fcr_client": {"window_days": False},
    "hyte": {"kind": False},
    "service_events": {"sector": True, "event_class": True},
    "suuntima": {"battery": True, "sex": True, "result": False},
    "suuntima_stock": {"result": False},
    "common_clients": {"kind": False},
}
"""The keys that a view has beyond those of every view, and whether a value 'all' exists."""

VIEWS: Mapping[str, tuple[str, ...]] = {view: tuple(names.split()) for view, names in _COLUMNS.items()}

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
