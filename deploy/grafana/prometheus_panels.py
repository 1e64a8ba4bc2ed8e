"""Panels of values that Prometheus has collected.

Numbers, bars and tables show the present: their queries are instant, and a value that is not known is shown as a bad
one (`promql.UNKNOWN`). Charts show the past: their lines end where values are missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.label_values import renamed
from deploy.grafana.promql import UNKNOWN
from deploy.grafana.texts import Texts
from deploy.grafana.theme import BAD, CHART_HEIGHT, GOOD, MEASURES, NUMBER_HEIGHT, PLAIN, SERVICES, WIDTH, Measure

SOURCE: Final = options.DataSourceRef(type_val="prometheus", uid="${source}")
DATA_SOURCE_NAME: Final = "Prometheus"

COUNT: Final = MEASURES["count"]

Panel = stat.Panel | timeseries.Panel | bargauge.Panel | table.Panel | dashboard.Panel
"""A panel without width; `in_line` sets it."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a value is shown. It is bad from `bad_from` on, or below `bad_below`, and always where it is not known.

    `words` are the names of texts that replace values.
    """

    measure: Measure = COUNT
    bad_from: float | None = None
    bad_below: float | None = None
    words: Mapping[int, str] | None = None

    @property
    def steps(self) -> list[model.Threshold]:
        """The lower bounds of the colours."""
        if self.bad_below is not None:
            bounds = {self.bad_below: GOOD}
        elif self.bad_from is not None:
            bounds = {0.0: GOOD, self.bad_from: BAD}
        else:
            bounds = {0.0: PLAIN}
        return [model.Threshold(value=None, color=BAD), *(model.Threshold(value=v, color=c) for v, c in bounds.items())]

    def mappings(self, text: Texts) -> list[model.ValueMapping]:
        """The words for single values; their colours are those of the limits."""
        words = {UNKNOWN: "unknown", **(self.words or {})}
        results = {str(value): model.ValueMappingResult(text=text(name)) for value, name in words.items()}
        return [model.ValueMap(results)]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers of a table: the name of its title, its query and its look."""

    name: str
    query: str
    look: Look


def number(text: Texts, name: str, look: Look, query: str, legend: str = "") -> stat.Panel:
    """The present value of each series."""
    panel = stat.Panel().color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
    panel.text_mode(options.BigValueTextMode.VALUE_AND_NAME if legend else options.BigValueTextMode.VALUE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["last"]))
    panel.title(text(name)).description(text(f"{name}_about")).datasource(SOURCE).height(NUMBER_HEIGHT)
    _dress(panel, text, look)
    return panel.with_target(_target(0, query).instant().legend_format(legend or "__auto"))


def bars(text: Texts, name: str, look: Look, query: str, labels: Sequence[str], *, rows: int) -> bargauge.Panel:
    """The present values as bars named by labels; `rows` is the number of bars that must have room."""
    panel = bargauge.Panel().orientation(options.VizOrientation.HORIZONTAL)
    panel.display_mode(options.BarGaugeDisplayMode.BASIC).reduce_options(common.ReduceDataOptions().calcs(["last"]))
    panel.title(text(name)).description(text(f"{name}_about")).datasource(SOURCE).height(_height_of(rows))
    _dress(panel, text, look)
    panel.display_name("${__field.labels.name}")  # Grafana leaves out the name of the series if it is the only one
    quoted = ", ".join(f'"{label}"' for label in labels)
    joined = f'label_join({query}, "name", " ", {quoted})'
    return panel.with_target(_target(0, joined).instant().legend_format("{{name}}"))


def chart(
    text: Texts,
    name: str,
    measure: Measure,
    queries: Mapping[str, str],
    *,
    rows: int,
    logarithmic: bool = False,
    words: Mapping[str, str] | None = None,
) -> timeseries.Panel:
    """Values over time; queries by their legends. `rows` is the number of series that the legend must have room for.

    `words` are the names of texts that replace values of the last label of a legend.
    """
    panel = timeseries.Panel().fill_opacity(0).line_width(2).show_points(options.VisibilityMode.AUTO).span_nulls(False)
    panel.legend(
        common.VizLegendOptions()
        .display_mode(options.LegendDisplayMode.TABLE)
        .placement(options.LegendPlacement.RIGHT)
        .show_legend(True)
        .calcs(["last", "max"])
    )
    if logarithmic:
        scale = common.ScaleDistributionConfig().type(options.ScaleDistribution.LOG).log(10)
        panel.scale_distribution(scale)
        measure = replace(measure, minimum=None)  # a logarithmic scale has no 0
    panel.title(text(name)).description(text(f"{name}_about")).datasource(SOURCE).height(_height_of(rows))
    _measure(panel, measure)
    panel.no_value(text("none_if_reachable"))
    for service, color in SERVICES.items():
        shades = model.DynamicConfigValue(id_val="color", value={"mode": "shades", "fixedColor": color})
        panel.override_by_regexp(rf"(^|[ .]){service}([ .]|$)", [shades])
    for index, (legend, query) in enumerate(queries.items()):
        panel.with_target(_target(index, query).range().legend_format(legend))
    for transformation in renamed(text, words or {}):
        panel.with_transformation(transformation)
    return panel


def grid(
    text: Texts, name: str, labels: Sequence[str], columns: Sequence[Column], *, rows: int, no_value: str = "unknown"
) -> table.Panel:
    """A table of present values. A row for each combination of labels, whose titles are the texts `label_<label>`."""
    panel = table.Panel().title(text(name)).description(text(f"{name}_about")).datasource(SOURCE)
    panel.height(_height_of(rows)).no_value(text(no_value))
    values = ["Value"] if len(columns) == 1 else [f"Value #{chr(ord('A') + index)}" for index in range(len(columns))]
    titles = {label: text(f"label_{label}") for label in labels}
    titles |= {value: text(column.name) for value, column in zip(values, columns, strict=True)}
    arranged = {"excludeByName": {"Time": True}, "renameByName": titles}
    arranged["indexByName"] = {name: index for index, name in enumerate(titles)}
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=arranged))
    for index, column in enumerate(columns):
        panel.with_target(_target(index, column.query).instant().format(PromQueryFormat.TABLE))
        panel.override_by_name(text(column.name), _properties(text, column.look))
    return panel


def in_line(*panels: Panel, widths: Sequence[int] = ()) -> list[Panel]:
    """Panels side by side that fill the width of the dashboard and are equally high."""
    height = max(_built_height(panel) for panel in panels)
    for panel, width in zip(panels, widths or [WIDTH // len(panels)] * len(panels), strict=True):
        panel.span(width).height(height)
    return list(panels)


def room(height: int) -> int:
    """How many rows of a legend or table, below its header, have room in a panel of this height."""
    return (38 * height - 80) // 26  # pixels of a unit of height, of title and header, of a row


def _height_of(rows: int) -> int:
    return max(CHART_HEIGHT, ceil((26 * rows + 80) / 38))


def _built_height(panel: Panel) -> int:
    position = panel.build().grid_pos
    assert position is not None
    return position.h


def _dress(panel: stat.Panel | bargauge.Panel, text: Texts, look: Look) -> None:
    _measure(panel, look.measure)
    panel.thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(look.steps))
    panel.mappings(look.mappings(text)).no_value(text("unknown"))


def _measure(panel: stat.Panel | bargauge.Panel | timeseries.Panel, measure: Measure) -> None:
    panel.unit(measure.unit).decimals(measure.decimals)
    if measure.minimum is not None:
        panel.min(measure.minimum)
    if measure.maximum is not None:
        panel.max(measure.maximum)


def _properties(text: Texts, look: Look) -> list[model.DynamicConfigValue]:
    steps = model.ThresholdsConfig(mode=model.ThresholdsMode.ABSOLUTE, steps=look.steps)
    values: dict[str, object] = {
        "unit": look.measure.unit,
        "decimals": look.measure.decimals,
        "mappings": look.mappings(text),
        "thresholds": steps,
        "custom.cellOptions": {"type": "color-text"},
    }
    return [model.DynamicConfigValue(id_val=name, value=value) for name, value in values.items()]


def _target(index: int, query: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query).ref_id(chr(ord("A") + index))
