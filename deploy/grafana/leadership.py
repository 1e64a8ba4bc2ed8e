"""The dashboard of leaders: do clients recommend us, was the matter settled at once, do those who need many services
get fewer and better joined ones, and are these figures final?
"""

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.board import figures_board
from deploy.grafana.breakdown import by_key
from deploy.grafana.columns import Column, figure, label
from deploy.grafana.figure_panels import period_bars
from deploy.grafana.key_results import key_results
from deploy.grafana.nps_quarters import bounds, nps_quarters
from deploy.grafana.publication import hidden, state, states
from deploy.grafana.sources import sources
from deploy.grafana.sql import BEFORE, PERIOD, chosen, trend, value, variable
from deploy.grafana.sql_panels import SqlPanel, number, rows
from deploy.grafana.texts import Texts

NAME: Final = "leadership"
_LEVELS: Final = ("division",)
_VARIABLES: Final = ("county", *_LEVELS, "segment", "period_kind", "period")
_MONTHS: Final = ("month", 13)
_QUARTERS: Final = 8
_WIDTH: Final = 6
_COOPERATION: Final = {"question": "cooperation", "segment": "multidisciplinary"}
# Rows by segment are published of the county and of divisions, which are all that this dashboard shows.
_OF_SEGMENT: Final = {"segment": variable("segment")}
_FURTHER: Final[Mapping[str, Mapping[str, str]]] = {
    "nps": _OF_SEGMENT,
    "fcr": _OF_SEGMENT,
    "fcr_confirmed": {"window_days": "7", **_OF_SEGMENT},
    "statement": {"question": "useful", **_OF_SEGMENT},
}
_NONE: Final = "–"  # where the label of a row says why there is no number


def build(texts: Texts) -> dashboard.Dashboard:
    """The dashboard in a language."""
    found = {
        texts("row_now"): _now(texts),
        texts("row_key_results"): [key_results(texts)],
        texts("row_nps"): _recommending(texts),
        texts("row_fcr"): _settled(texts),
        texts("row_events"): _multidisciplinary(texts),
        texts("row_divisions"): [_divisions(texts)],
        texts("row_final"): [states(texts), *hidden(texts)],
    }
    return figures_board(NAME, texts, found, _VARIABLES)


def _scope(row: str) -> str:
    return chosen(row, _LEVELS)


def _now(texts: Texts) -> Sequence[SqlPanel]:
    """The answers to the four questions, as numbers of the chosen period: "fewer" needs the period before, "better
    joined" what multidisciplinary clients say of it.
    """
    events, board = "events_per_client.events_per_client", "multidisciplinary"
    return [
        _number(texts, "nps.score", "experience"),
        _number(texts, "fcr.net", "first_line"),
        _number(texts, "fcr_confirmed.fcr_confirmed", "first_line"),
        state(texts, width=_WIDTH),
        _number(texts, events, board),
        _number(texts, "events_per_client.cohort_ratio", board),
        _number(texts, events, board, "number_events_before", BEFORE),
        _number(texts, "statement.top2", board, "number_cooperation", **_COOPERATION),
    ]


def _number(texts: Texts, source: str, board: str, title: str = "", period: str = PERIOD, **further: str) -> SqlPanel:
    view, column = source.split(".")
    shown_as = figure(texts, source, title="", opens=board)
    sql = value(texts, source, _scope, period, **(further or _FURTHER.get(view, {})))
    about = texts.definition(view)
    if not further and view in _FURTHER:
        about = f"{about} {texts('segment_about')}"
    return number(texts, texts(title or f"number_{column}"), about, shown_as, sql, width=_WIDTH)


def _months(texts: Texts, title: str, names: Sequence[str], width: int = 12) -> SqlPanel:
    """Bars of the last months, the newest at the right."""
    return period_bars(texts, title, _MONTHS, names, _scope, _FURTHER, titles={}, width=width)


def _recommending(texts: Texts) -> Sequence[SqlPanel]:
    return [
        *nps_quarters(texts, _scope, _FURTHER),
        _months(texts, "nps_months", ["nps.score"]),
        _months(texts, "useful_months", ["statement.top1", "statement.top2"]),
    ]


def _settled(texts: Texts) -> Sequence[SqlPanel]:
    return [_months(texts, "fcr_months", ["fcr.gross", "fcr.net", "fcr_confirmed.fcr_confirmed"], width=24)]


def _multidisciplinary(texts: Texts) -> Sequence[SqlPanel]:
    names = ("segment_clients", "events_per_client", "cohort_clients", "cohort_ratio")
    sources = [f"events_per_client.{name}" for name in names]
    columns = [
        label(texts, "label", texts.report("period"), width=230),
        *(figure(texts, source, empty=_NONE) for source in sources[:2]),
        Column("cohort_clients", texts("cohort_clients"), "count", empty=_NONE),
        figure(texts, sources[3], empty=_NONE),
    ]
    about = f"{texts.definition('events_per_client')} {texts('trend_about')}"
    sql = trend(texts, "quarter", _QUARTERS, sources, _scope, newest_first=True)
    return [
        _months(texts, "events_months", [sources[1], sources[3]]),
        rows(texts, texts("events_table"), about, columns, sql, width=12),
    ]


_OF_DIVISIONS: Final = (
    *sources("nps", "score score_low score_high n"),
    "fcr.net",
    "fcr_confirmed.fcr_confirmed",
    "events_per_client.events_per_client",
)


def _divisions(texts: Texts) -> SqlPanel:
    """The divisions of the county; a click opens the client experience of one."""
    name = label(texts, "name", texts.report("key_division"), width=260, opens="experience", sets="division")
    sql = by_key(texts, "scope", _OF_DIVISIONS, lambda row: f"{row}.scope_level = 'division'", _FURTHER)
    columns = [
        name,
        Column("scope", invisible=True),
        figure(texts, _OF_DIVISIONS[0]),
        *bounds(texts, "nps.score"),
        *(figure(texts, found) for found in _OF_DIVISIONS[3:]),
    ]
    return rows(texts, texts("divisions"), texts("divisions_about"), columns, sql)
