"""Which tables of figures the report has, and which published rows and columns each shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.report.model import Column, Unit
from shared.registers.figures import is_share

_RATIOS: Final = frozenset({"events_per_client", "events_per_cell_client", "person_time", "cohort_ratio"})
_LABELS: Final = {"direct_feedback.n": "feedback", "suuntima.n": "assessments"}


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: the rows of its views that agree on `keys`, which name the row; other keys are 'all' or `fixed`.

    The first of `columns` decides which rows there are. `levels` are the scope levels shown. `headline` is the column
    whose changes are shown.
    """

    id: str
    part: str
    columns: tuple[Column, ...]
    headline: Column
    keys: tuple[str, ...]
    levels: tuple[str, ...] = ("county",)
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def views(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column.source.split(".")[0] for column in self.columns))


def unit_of(column: str) -> Unit:
    """The unit of a column of any view."""
    if is_share(column):
        return "share"
    name = column.removesuffix("_low").removesuffix("_high")
    if name in _RATIOS or name == "transfers_mean":
        return "ratio"
    if name in ("score", "index"):
        return "points"
    if name.startswith("wait_"):
        return "wait"
    return "percent" if name == "percent_printed" else "count"


def column(source: str) -> Column:
    """A column, from view.column; view.column± is its interval."""
    name = source.split(".")[1]
    if name.endswith("±"):
        return Column(source, "interval", unit_of(name.removesuffix("±")))
    return Column(source, _LABELS.get(source, name), unit_of(name))


def _spec(
    id: str, part: str, columns: str, headline: str, keys: str, levels: str = "county", **fixed: str
) -> TableSpec:
    found = tuple(column(source) for source in columns.split())
    return TableSpec(id, part, found, column(headline), tuple(keys.split()), tuple(levels.split()), fixed)


_NPS: Final = "nps.score nps.score± nps.n"
_LINES: Final = "county line"
_FCR: Final = (
    "fcr.gross fcr.net fcr_confirmed.fcr_confirmed fcr_client.fcr_client fcr.handled fcr.outcome_coverage"
    " fcr_confirmed.repeat_rate"
)
_SUUNTIMA: Final = "suuntima.n suuntima.percent_printed"

SPECS: Final = (
    _spec("nps_areas", "experience", _NPS, "nps.score", "scope", "county service_area"),
    _spec("nps_channels", "experience", _NPS, "nps.score", "channel"),
    _spec("nps_segments", "experience", _NPS, "nps.score", "segment"),
    _spec(
        "statements",
        "experience",
        "statement.top1 statement.top1± statement.top2 statement.n statement.not_applicable",
        "statement.top1",
        "question",
    ),
    _spec("pei", "experience", "pei.enabled_share pei.dont_know_share pei.n", "pei.enabled_share", "question"),
    _spec(
        "response_rate",
        "experience",
        "response_rate.rate response_rate.answered response_rate.delivered",
        "response_rate.rate",
        "channel",
    ),
    _spec(
        "responses",
        "experience",
        "response.responses response.with_comment response.comment_share",
        "response.responses",
        "channel",
    ),
    _spec(
        "feedback_kinds",
        "experience",
        "direct_feedback.n direct_feedback.share direct_feedback.wants_reply direct_feedback.replied"
        " direct_feedback.replied_in_time",
        "direct_feedback.n",
        "kind",
    ),
    _spec("feedback_themes", "experience", "direct_feedback.n direct_feedback.share", "direct_feedback.n", "theme"),
    _spec("fcr", "first_line", _FCR, "fcr.gross", "scope", _LINES, window_days="7"),
    _spec("fcr_channels", "first_line", _FCR, "fcr.gross", "channel", window_days="7"),
    _spec(
        "access",
        "first_line",
        "access.answered_share access.direct_share access.callback_share access.callback_same_day_share"
        " access.promise_kept_share access.wait_p50 access.wait_p90 access.inbound",
        "access.answered_share",
        "scope",
        _LINES,
    ),
    _spec(
        "digital",
        "first_line",
        "digital.digital_share digital.phone digital.chat digital.sms digital.digital_booking",
        "digital.digital_share",
        "scope",
        _LINES,
    ),
    _spec(
        "revolving",
        "first_line",
        "revolving.index revolving.revolving_clients revolving.clients",
        "revolving.index",
        "scope",
        _LINES,
    ),
    _spec("hyte", "first_line", "hyte.count", "hyte.count", "kind"),
    _spec(
        "events_per_client",
        "segments",
        "events_per_client.events_per_client events_per_client.person_time events_per_client.cohort_ratio"
        " events_per_client.member_events events_per_client.segment_clients",
        "events_per_client.events_per_client",
        "scope",
        "county division",
    ),
    _spec("service_events", "segments", "service_events.events", "service_events.events", "sector"),
    _spec("suuntima", "segments", _SUUNTIMA, "suuntima.n", "result"),
    _spec("suuntima_batteries", "segments", _SUUNTIMA, "suuntima.n", "battery result"),
    _spec("suuntima_sex", "segments", _SUUNTIMA, "suuntima.n", "sex result"),
    _spec("suuntima_stock", "segments", "suuntima_stock.clients", "suuntima_stock.clients", "result"),
    _spec("common_clients", "segments", "common_clients.stock common_clients.new", "common_clients.stock", "kind"),
)
"""All tables, in the order of the report."""

PARTS: Final = tuple(dict.fromkeys(spec.part for spec in SPECS))
VIEWS: Final = tuple(dict.fromkeys(view for spec in SPECS for view in spec.views))
