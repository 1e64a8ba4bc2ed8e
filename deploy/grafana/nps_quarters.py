"""NPS by quarter with its interval, as a picture and as a table."""

from collections.abc import Callable
from typing import Any, Final

from deploy.grafana.columns import Column, figure, label
from deploy.grafana.sql import keys, recent, trend
from deploy.grafana.sql_panels import SqlPanel, band, rows
from deploy.grafana.texts import Texts
from deploy.grafana.theme import GREY
from deploy.report.tables import column

_QUARTERS: Final = ("quarter", 8)
_NONE: Final = "–"  # where the label of a row says why there is no number


def nps_quarters(texts: Texts, scope: Callable[[str], str]) -> list[SqlPanel]:
    """Both panels. `scope`: the condition for the rows of an alias."""
    return [_nps_band(texts, scope), _nps_table(texts, scope)]


def bounds(texts: Texts, source: str, **settings: Any) -> list[Column]:
    """The ends of the interval of a figure, given as view.column."""
    found = column(source)
    ends = {"low": texts("interval_low"), "high": texts("interval_high")}
    name = source.split(".")[1]
    return [Column(f"{name}_{end}", title, found.unit, **settings) for end, title in ends.items()]


def _nps_band(texts: Texts, scope: Callable[[str], str]) -> SqlPanel:
    """Points at the first moment of each quarter in Finland."""
    sql = f"""select p.first_day::timestamp at time zone 'Europe/Helsinki' as time, f.score_low, f.score_high, f.score,
  case when f.state = 'provisional' then f.score end as provisional
from {recent(*_QUARTERS)}
left join report.nps f on f.period = p.period and {keys("nps", "f", scope("f"))}
order by p.first_day"""
    columns = [
        Column("time"),
        *bounds(texts, "nps.score"),
        figure(texts, "nps.score"),
        Column("provisional", texts("provisional_points"), "points", color=GREY),
    ]
    return band(texts, texts("nps_quarters"), f"{texts.definition('nps')} {texts('band_about')}", columns, sql)


def _nps_table(texts: Texts, scope: Callable[[str], str]) -> SqlPanel:
    sources = ["nps.score", "nps.score_low", "nps.score_high", "nps.n"]
    columns = [
        label(texts, "label", texts.report("period"), width=230),
        figure(texts, sources[0], width=90, empty=_NONE),
        *bounds(texts, sources[0], width=110, empty=_NONE),
        figure(texts, sources[3], empty=_NONE),
    ]
    about = f"{texts.definition('nps')} {texts('trend_about')}"
    sql = trend(texts, *_QUARTERS, sources, scope, newest_first=True)
    return rows(texts, texts("nps_table"), about, columns, sql, width=12)
