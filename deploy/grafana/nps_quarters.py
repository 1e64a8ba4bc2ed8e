"""NPS by quarter with its interval, as a picture and as a table."""

from collections.abc import Callable
from typing import Any, Final

from deploy.grafana.columns import Column, figure, label
from deploy.grafana.sources import Further
from deploy.grafana.sql import trend
from deploy.grafana.sql_panels import SqlPanel, bars, rows
from deploy.grafana.texts import Texts
from deploy.grafana.theme import BLUE, GREY
from deploy.report.tables import column

_QUARTERS: Final = ("quarter", 8)
_NONE: Final = "–"  # where the label of a row says why there is no number


def nps_quarters(texts: Texts, scope: Callable[[str], str], further: Further | None = None) -> list[SqlPanel]:
    """Both panels. `scope`: the condition for the rows of an alias. `further`: keys that are not 'all'."""
    return [_nps_bars(texts, scope, further), _nps_table(texts, scope, further)]


def bounds(texts: Texts, source: str, **settings: Any) -> list[Column]:
    """The ends of the interval of a figure, given as view.column."""
    found = column(source)
    ends = {"low": texts("interval_low"), "high": texts("interval_high")}
    name = source.split(".")[1]
    return [Column(f"{name}_{end}", title, found.unit, **settings) for end, title in ends.items()]


def _nps_bars(texts: Texts, scope: Callable[[str], str], further: Further | None) -> SqlPanel:
    """A bar for each end of the interval beside that of the score: Grafana has no interval on an axis of names."""
    low, high = bounds(texts, "nps.score", color=GREY)
    columns = [Column("label"), low, figure(texts, "nps.score", color=BLUE), high]
    sql = trend(texts, *_QUARTERS, ["nps.score_low", "nps.score", "nps.score_high"], scope, further)
    return bars(texts, texts("nps_quarters"), f"{texts.definition('nps')} {texts('trend_about')}", columns, sql)


def _nps_table(texts: Texts, scope: Callable[[str], str], further: Further | None) -> SqlPanel:
    sources = ["nps.score", "nps.score_low", "nps.score_high", "nps.n"]
    columns = [
        label(texts, "label", texts.report("period"), width=230),
        figure(texts, sources[0], width=90, empty=_NONE),
        *bounds(texts, sources[0], width=110, empty=_NONE),
        figure(texts, sources[3], empty=_NONE),
    ]
    about = f"{texts.definition('nps')} {texts('trend_about')}"
    sql = trend(texts, *_QUARTERS, sources, scope, further, newest_first=True)
    return rows(texts, texts("nps_table"), about, columns, sql, width=12)
