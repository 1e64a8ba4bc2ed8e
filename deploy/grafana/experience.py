"""The dashboard of client experience: what clients answer and write, where, through which channel, and since when."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.answers import coping, statements
from deploy.grafana.board import figures_board
from deploy.grafana.breakdown import by_key
from deploy.grafana.columns import Column, figure, label
from deploy.grafana.figure_panels import definitions, key_rows, period_bars
from deploy.grafana.nps_mix import nps_mix
from deploy.grafana.nps_quarters import nps_quarters
from deploy.grafana.publication import state
from deploy.grafana.sources import source, sources
from deploy.grafana.sql import LEVELS, chosen, value, within
from deploy.grafana.sql_panels import SqlPanel, bars, number
from deploy.grafana.texts import Texts

NAME: Final = "experience"
_LEVELS: Final = LEVELS[1:]  # rows of channels are published of service areas and above
_VARIABLES: Final = ("county", *reversed(_LEVELS), "period_kind", "period")
_MONTHS: Final = ("month", 13)
_BEST_FIRST: Final = "nps.score desc nulls last, "
_NPS: Final = sources("nps", "score score_low score_high n")
_RATE: Final = sources("response_rate", "delivered rate")
_RESPONSES: Final = sources("response", "responses comment_share")
_IN_TIME: Final = "direct_feedback.replied_in_time/wants_reply"
_FEEDBACK: Final = (*sources("direct_feedback", "n share wants_reply replied_in_time"), _IN_TIME)
_TITLES: Final = {_NPS[1]: "interval_low", _NPS[2]: "interval_high", _IN_TIME: "in_time_share"}


def build(texts: Texts) -> dashboard.Dashboard:
    """The dashboard in a language."""
    found = {
        texts("row_now"): _now(texts),
        texts("row_scopes"): _scopes(texts),
        texts("row_trends"): _trends(texts),
        texts("row_statements"): statements(texts, _scope),
        texts("row_pei"): coping(texts, _scope),
        texts("row_feedback"): [_feedback(texts, key) for key in ("kind", "theme")],
        texts("row_channels"): [_channels(texts), *nps_mix(texts, _scope)],
    }
    return figures_board(NAME, texts, found, _VARIABLES)


def _scope(row: str) -> str:
    return chosen(row, _LEVELS)


def _now(texts: Texts) -> Sequence[SqlPanel]:
    return [
        _number(texts, _NPS[0]),
        _number(texts, _RATE[1]),
        _number(texts, "statement.top1", question="useful"),
        _number(texts, _FEEDBACK[0]),
        _number(texts, _IN_TIME),
        state(texts),
    ]


def _number(texts: Texts, name: str, **further: str) -> SqlPanel:
    of = source(name)
    title, shown_as = texts(f"number_{of.name}"), figure(texts, name, title="")
    return number(texts, title, texts.definition(of.view), shown_as, value(texts, name, _scope, **further))


def _scopes(texts: Texts) -> Sequence[SqlPanel]:
    """Service areas and units within the chosen scope, the best first."""
    sql = by_key(texts, "scope", _NPS[:1], _areas, order=_BEST_FIRST, chart=True)
    columns = [Column("name"), figure(texts, _NPS[0])]
    about = definitions(texts, _NPS, "bars_about")
    return [
        bars(texts, texts("areas_bars"), about, columns, sql, width=24, horizontal=True),
        _of_level(texts, "service_area", NAME, 9),
        _of_level(texts, "unit", "unit", 14),
    ]


def _areas(row: str) -> str:
    return within(row, "service_area", _LEVELS)


def _of_level(texts: Texts, level: str, opens: str, height: int) -> SqlPanel:
    name = label(texts, "name", texts(f"variable_{level}"), opens=opens, sets=level, width=230, wrapped=True)
    return key_rows(
        texts,
        f"{level}_table",
        "scope",
        name,
        [*_NPS, *_RATE],
        lambda row: within(row, level, _LEVELS),
        {},
        f"{level}_about",
        titles=_TITLES,
        order=_BEST_FIRST,
        height=height,
    )


def _trends(texts: Texts) -> Sequence[SqlPanel]:
    return [
        *nps_quarters(texts, _scope),
        period_bars(texts, "nps_months", _MONTHS, _NPS[:1], _scope, {}, titles={}),
        period_bars(texts, "rate_months", _MONTHS, _RATE[1:], _scope, {}, titles={}),
    ]


def _channels(texts: Texts) -> SqlPanel:
    name, order = label(texts, "name", texts.report("key_channel"), width=230), "response.responses desc nulls last, "
    names = [*_NPS, *_RATE[1:], *_RESPONSES]
    return key_rows(texts, "channels", "channel", name, names, _scope, {}, titles=_TITLES, order=order)


def _feedback(texts: Texts, key: str) -> SqlPanel:
    """Kinds or themes: rows of these are published for quarters and years of the county and its divisions only."""
    return key_rows(
        texts,
        f"{key}s",
        key,
        label(texts, "name", texts.report(f"key_{key}"), width=190),
        _FEEDBACK,
        _scope,
        {},
        "kinds_about",
        titles=_TITLES,
        order="direct_feedback.n desc nulls last, ",
        totals=False,
        height=7,
        no_value=texts("kinds_none"),
    )
