"""Panels of all dashboards: each has a unit, a description, thresholds and a text for no data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")

Panel = stat.Panel | timeseries.Panel | bargauge.Panel


@dataclass(frozen=True)
class Style:
    """How a panel shows its values. `steps` map the lower bound of a range to its colour; `base` is the colour below.

    `unit` is a unit of Grafana; use `none` for plain numbers.
    """

    unit: str
    steps: Mapping[float, str]
    base: str = "green"
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    no_value: str = "no data"


def number(title: str, about: str, style: Style, query: str, legend: str = "", *, width: int = 4) -> Panel:
    """The current value of each series."""
    panel = stat.Panel().color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.AREA)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _finish(panel, title, about, style, {legend: query}, width, height=4)


def bars(title: str, about: str, style: Style, query: str, legend: str, *, width: int = 12) -> Panel:
    """The current values as bars."""
    panel = bargauge.Panel().orientation(options.VizOrientation.HORIZONTAL)
    panel.display_mode(options.BarGaugeDisplayMode.BASIC)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _finish(panel, title, about, style, {legend: query}, width, height=8, instant=True)


def lines(title: str, about: str, style: Style, queries: Mapping[str, str], *, width: int = 8) -> Panel:
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
    return _finish(panel, title, about, style, queries, width, height=8)


def _finish(
    panel: Panel,
    title: str,
    about: str,
    style: Style,
    queries: Mapping[str, str],
    width: int,
    height: int,
    **options_: bool,
) -> Panel:
    panel.title(title).description(about).datasource(SOURCE).span(width).height(height)
    panel.unit(style.unit).no_value(style.no_value).thresholds(_thresholds(style))
    if style.decimals is not None:
        panel.decimals(style.decimals)
    if style.minimum is not None:
        panel.min(style.minimum)
    if style.maximum is not None:
        panel.max(style.maximum)
    for query in _targets(queries, **options_):
        panel.with_target(query)
    return panel


def _thresholds(style: Style) -> ThresholdsConfig:
    steps = [Threshold(value=None, color=style.base)]
    steps += [Threshold(value=value, color=color) for value, color in sorted(style.steps.items())]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _targets(queries: Mapping[str, str], *, instant: bool = False) -> Sequence[prometheus.Dataquery]:
    targets = []
    for index, (legend, query) in enumerate(queries.items()):
        target = prometheus.Dataquery().expr(query).ref_id(chr(ord("A") + index)).legend_format(legend or "__auto")
        targets.append(target.instant() if instant else target.range())
    return targets
