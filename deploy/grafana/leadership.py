"""The dashboard of leaders: do clients recommend us, was the matter settled at once, do those who need many services
get fewer and better joined ones, and are these figures final?
"""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.board import figures_board
from deploy.grafana.sql import PERIOD, chosen, keys, marks, period_name, recent, shown
from deploy.grafana.sql_panels import Column, SqlPanel, bars, number
from deploy.grafana.texts import Texts

NAME: Final = "leadership"
_LEVELS: Final = ("division",)
_VARIABLES: Final = ("county", *_LEVELS, "period_kind", "period")


def build(texts: Texts) -> dashboard.Dashboard:
    """The dashboard in a language."""
    return figures_board(NAME, texts, {texts("row_now"): _now(texts)}, _VARIABLES)


def _now(texts: Texts) -> Sequence[SqlPanel]:
    sql = f"""select {shown("f", "score")} as score
from report.nps f
where {keys("nps", "f", chosen("f", _LEVELS))}
  and f.period = {PERIOD}"""
    now = number(texts, "NPS", texts.definition("nps"), Column("score", unit="points", opens="experience"), sql)
    trend = f"""select {period_name("p")} || {marks(texts, ["f"])} as label, f.score
from {recent("quarter", 8)}
left join report.nps f on f.period = p.period and {keys("nps", "f", chosen("f", _LEVELS))}
order by p.first_day"""
    columns = [Column("label"), Column("score", texts.column("score"), "points")]
    return [now, bars(texts, "NPS", texts.definition("nps"), columns, trend)]
