"""Panels as this project draws them: each with a unit, a description, thresholds and a word for no data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")

Panel = stat.Panel | timeseries.Panel | bargauge.Panel


@dataclass(frozen=True)
class Look:
    """How a panel shows its values. `steps` are the values from which on a colour holds; below the first, `base` does.

    `unit` is one of Grafana's units; `none` has to be said where there is none.
    """

    unit: str
    steps: Mapping[float, str]
    base: str = "green"
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    nothing: str = "no data"


def number(title: str, about: str, look: Look, query: str, legend: str = "", *, width: int = 4) -> Panel:
    """The value of now, one for every series."""
    panel = stat.Panel().color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.AREA)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _drawn(panel, title, about, look, {legend: query}, width, height=4)


def bars(title: str, about: str, look: Look, query: str, legend: str, *, width: int = 12) -> Panel:
    """The values of now beside each other."""
    panel = bargauge.Panel().orientation(options.VizOrientation.HORIZONTAL)
    panel.display_mode(options.BarGaugeDisplayMode.BASIC)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _drawn(panel, title, about, look, {legend: query}, width, height=8, instant=True)


def lines(title: str, about: str, look: Look, queries: Mapping[str, str], *, width: int = 8) -> Panel:
    """Values over time; queries by their legends."""
    panel = timeseries.Panel().fill_opacity(8).line_width(1).show_points(options.VisibilityMode.NEVER)
    panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.OFF))
    panel.legend(
        common.VizLegendOptions()
        .display_mode(options.LegendDisplayMode.TABLE)
        .placement(options.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    return _drawn(panel, title, about, look, queries, width, height=8)


def _drawn(
    panel: Panel, title: str, about: str, look: Look, queries: Mapping[str, str], width: int, height: int, **how: bool
) -> Panel:
    panel.title(title).description(about).datasource(SOURCE).span(width).height(height)
    panel.unit(look.unit).no_value(look.nothing).thresholds(_thresholds(look))
    if look.decimals is not None:
        panel.decimals(look.decimals)
    if look.least is not None:
        panel.min(look.least)
    if look.most is not None:
        panel.max(look.most)
    for query in _targets(queries, **how):
        panel.with_target(query)
    return panel


def _thresholds(look: Look) -> ThresholdsConfig:
    steps = [Threshold(value=None, color=look.base)]
    steps += [Threshold(value=value, color=color) for value, color in sorted(look.steps.items())]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _targets(queries: Mapping[str, str], *, instant: bool = False) -> Sequence[prometheus.Dataquery]:
    made = []
    for place, (legend, query) in enumerate(queries.items()):
        target = prometheus.Dataquery().expr(query).ref_id(chr(ord("A") + place)).legend_format(legend or "__auto")
        made.append(target.instant() if instant else target.range())
    return made
