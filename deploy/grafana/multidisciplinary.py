"""The dashboard of multidisciplinary clients: how many they are, what services they get, and how those work for them.

Rows by segment, and Suuntima, are published of the county and its divisions; stocks of clients of the county only.
"""

from collections.abc import Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.board import figures_board
from deploy.grafana.breakdown import by_key
from deploy.grafana.columns import Column, figure, label
from deploy.grafana.figure_panels import definitions, figures, key_rows, period_bars
from deploy.grafana.publication import state
from deploy.grafana.sources import Further, source, sources
from deploy.grafana.sql import ALL, chosen, of_county, trend, value, within
from deploy.grafana.sql_panels import SqlPanel, bars, number, rows
from deploy.grafana.texts import Texts

NAME: Final = "multidisciplinary"
_LEVELS: Final = ("division",)
_VARIABLES: Final = ("county", *_LEVELS, "period_kind", "period")
_MONTHS: Final = ("month", 13)
_QUARTERS: Final = ("quarter", 8)
_NONE: Final = "–"  # where the label of a row says why there is no number

_SEGMENTS: Final = ("multidisciplinary", "other")
_RESULTS: Final = ("omatoimi", "yhteistyo", "yhteiso", "verkosto")
_KINDS: Final = ("common_client", "plan")
_BATTERIES: Final = ("functioning", "illness", "social", "risk")
_SEXES: Final = ("woman", "man", "other", "unknown")
_BY_SEGMENT: Final[Further] = {segment: {"segment": segment} for segment in _SEGMENTS}
_BY_RESULT: Final[Further] = {result: {"result": result} for result in _RESULTS}
_BY_KIND: Final[Further] = {kind: {"kind": kind} for kind in _KINDS}
_COOPERATION: Final = {"question": "cooperation"}
_OF_SEGMENTS: Final[Further] = {
    "statement": _COOPERATION,
    "fcr_confirmed": {"window_days": "7"},
    "fcr_client": {"window_days": "7"},
}

_THREE_WAYS: Final = sources("events_per_client", "events_per_client events_per_cell_client person_time")
_COHORT: Final = "events_per_client.cohort_ratio"
_SIZE: Final = "events_per_client.segment_clients"
_PARTS: Final = (*sources("events_per_client", "member_events cell_clients"), *_THREE_WAYS, _COHORT)
_NUMBERS: Final = (_SIZE, *_THREE_WAYS, _COHORT)
_TITLES: Final = {
    name: f"number_{source(name).column}"
    for name in (*_PARTS[1:], "fcr.gross", "fcr.net", "fcr_confirmed.fcr_confirmed", "fcr_client.fcr_client")
}
_NPS: Final = sources("nps", "score score_low score_high n")
_STATEMENT: Final = sources("statement", "top1 top2 n")
_CONTACTS: Final = (
    *sources("fcr", "handled gross net"),
    "fcr_confirmed.fcr_confirmed",
    "fcr_client.fcr_client",
    "fcr_confirmed.repeat_rate",
)


def build(texts: Texts) -> dashboard.Dashboard:
    """The dashboard in a language."""
    found = {
        texts("row_now"): [*(_number(texts, name) for name in _NUMBERS), state(texts)],
        texts("row_events"): _events(texts),
        texts("row_where"): _where(texts),
        texts("row_services"): _services(texts),
        texts("row_segments"): _segments(texts),
        texts("row_suuntima"): _suuntima(texts),
        texts("row_common"): _common(texts),
    }
    return figures_board(NAME, texts, found, _VARIABLES)


def _scope(row: str) -> str:
    return chosen(row, _LEVELS)


def _number(texts: Texts, name: str) -> SqlPanel:
    of = source(name)
    shown_as = figure(texts, name, title="")
    return number(texts, texts(f"number_{of.column}"), texts.definition(of.view), shown_as, value(texts, name, _scope))


def _months(texts: Texts, title: str, names: Sequence[str], *more: str, **settings: Any) -> SqlPanel:
    return period_bars(texts, title, _MONTHS, names, _scope, {}, *more, titles=_TITLES, **settings)


def _events(texts: Texts) -> Sequence[SqlPanel]:
    names = (_SIZE, _PARTS[0], *_THREE_WAYS, _COHORT)
    columns = [
        label(texts, "label", texts.report("period"), width=230),
        *figures(texts, names, _TITLES, empty=_NONE),
    ]
    about = definitions(texts, names, "ways_about", "trend_about")
    sql = trend(texts, *_QUARTERS, names, _scope, newest_first=True)
    return [
        _months(texts, "events_months", [*_THREE_WAYS, _COHORT], "ways_about", width=16),
        _months(texts, "size_months", [_SIZE], "size_about", width=8),
        rows(texts, texts("events_quarters"), about, columns, sql),
    ]


def _where(texts: Texts) -> Sequence[SqlPanel]:
    """Divisions of the county, of which a click chooses one, and service areas of the chosen division."""
    division = label(texts, "name", texts.report("key_division"), width=240, opens=NAME, sets="division")
    area = label(texts, "name", texts.report("key_service_area"), width=240, opens="experience", sets="service_area")
    of_county_divisions, of_areas = (
        lambda row: f"{row}.scope_level = 'division'",
        lambda row: within(row, "service_area", _LEVELS),
    )
    return [
        key_rows(texts, "divisions", "scope", division, _PARTS, of_county_divisions, {}, "parts_about", titles=_TITLES),
        key_rows(texts, "service_areas", "scope", area, _PARTS, of_areas, {}, "parts_about", titles=_TITLES),
    ]


def _services(texts: Texts) -> Sequence[SqlPanel]:
    titles = {f"{segment}:service_events.events": f"segment_{segment}" for segment in _SEGMENTS}
    of_segments = period_bars(
        texts, "services_months", _MONTHS, list(titles), _scope, _BY_SEGMENT, titles=titles, width=8, stacked=True
    )
    return [of_segments, _services_by(texts, "sector"), _services_by(texts, "event_class")]


def _services_by(texts: Texts, key: str) -> SqlPanel:
    """Bars of the events of each sector or class, of all clients."""
    names = ["service_events.events"]
    columns = [Column("name"), figure(texts, names[0])]
    about = definitions(texts, names, "services_about")
    sql = by_key(texts, key, names, lambda row: f"{_scope(row)}\n  and {row}.{key} <> '{ALL}'", chart=True)
    return bars(texts, texts(f"services_{key}"), about, columns, sql, width=8, horizontal=True)


def _segments(texts: Texts) -> Sequence[SqlPanel]:
    """Client experience and first contact of multidisciplinary clients beside those of others."""
    name = label(texts, "name", texts.report("key_segment"), width=220)

    def split(title: str, names: Sequence[str]) -> SqlPanel:
        return key_rows(
            texts,
            title,
            "segment",
            name,
            names,
            _scope,
            _OF_SEGMENTS,
            titles=_TITLES,
            first=_SEGMENTS,
            height=6,
        )

    compared = [("nps.score", {}), ("statement.top2", _COOPERATION), ("fcr.net", {})]
    return [
        split("segments_nps", _NPS),
        split("segments_cooperation", _STATEMENT),
        split("segments_contacts", _CONTACTS),
        *(_compared(texts, figure_name, further) for figure_name, further in compared),
    ]


def _compared(texts: Texts, name: str, further: dict[str, str]) -> SqlPanel:
    """A figure by quarter, of both segments."""
    titles = {f"{segment}:{name}": f"segment_{segment}" for segment in _SEGMENTS}
    keys = {segment: {"segment": segment, **further} for segment in _SEGMENTS}
    title = f"quarters_{source(name).view}"
    return period_bars(texts, title, _QUARTERS, list(titles), _scope, keys, titles=titles, width=8)


def _suuntima(texts: Texts) -> Sequence[SqlPanel]:
    name = label(texts, "name", texts.report("key_result"), width=200)
    counts = sources("suuntima", "n percent_printed")
    stock = {f"{result}:suuntima_stock.clients": f"result_{result}" for result in _RESULTS}
    return [
        key_rows(
            texts,
            "suuntima_results",
            "result",
            name,
            counts,
            _scope,
            {},
            "suuntima_about",
            titles={},
            first=_RESULTS,
            width=12,
            height=7,
            no_value=texts("suuntima_none"),
        ),
        period_bars(
            texts, "stock_months", _MONTHS, list(stock), of_county, _BY_RESULT, titles=stock, stacked=True, height=7
        ),
        _results_by(texts, "battery", _BATTERIES),
        _results_by(texts, "sex", _SEXES),
    ]


def _results_by(texts: Texts, key: str, codes: Sequence[str]) -> SqlPanel:
    """The shares of results of each battery or sex."""
    titles = {f"{result}:suuntima.percent_printed": f"result_{result}" for result in _RESULTS}
    names = list(titles)
    columns = [Column("name"), *figures(texts, names, titles)]
    sql = by_key(texts, key, names, _scope, _BY_RESULT, first=codes, chart=True)
    about = definitions(texts, names, "suuntima_about")
    none = texts("suuntima_none")
    title = texts(f"suuntima_{key}")
    return bars(texts, title, about, columns, sql, horizontal=True, stacked=True, no_value=none)


def _common(texts: Texts) -> Sequence[SqlPanel]:
    """Common clients and plans of the county: what is valid and what is new."""
    found = []
    for column in ("stock", "new"):
        titles = {f"{kind}:common_clients.{column}": f"kind_{kind}" for kind in _KINDS}
        found.append(period_bars(texts, f"common_{column}", _MONTHS, list(titles), of_county, _BY_KIND, titles=titles))
    return found
