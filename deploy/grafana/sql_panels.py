"""Panels of published figures. They show rows as they are published and compute nothing from several of them.

Each tells apart what is hidden, what cannot be calculated and what is not there. In tables and numbers NULL and NaN
are mapped to words; in charts the label of a row says it, because there is no bar.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from grafana_foundation_sdk.builders import barchart, common, stat, table, text
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana.columns import Column, properties
from deploy.grafana.sql import SOURCE
from deploy.grafana.sql_target import SqlTarget
from deploy.grafana.texts import Texts
from deploy.grafana.theme import CHART_HEIGHT, NUMBER_HEIGHT, PLAIN, SERIES, WIDTH

SqlPanel = stat.Panel | table.Panel | barchart.Panel | text.Panel
_P = TypeVar("_P", stat.Panel, table.Panel, barchart.Panel)


def number(
    texts: Texts,
    title: str,
    about: str,
    value: Column,
    sql: str,
    *,
    width: int = 4,
    none: tuple[str, str] | None = None,
) -> stat.Panel:
    """One number, with its `label` above it, or one text: the columns of the only row of a query.

    `none`: the short words for no row, and the sentence that the description has about it.
    """
    # The colour of the value, which is that of text: only the words for what is no number have another one.
    panel = stat.Panel().color_mode(options.BigValueColorMode.VALUE).graph_mode(options.BigValueGraphMode.NONE)
    # `last` and not `lastNotNull`: NULL means hidden.
    reduce = common.ReduceDataOptions().calcs(["last"])
    columns = [value]
    if value.unit is None:
        panel.text_mode(options.BigValueTextMode.VALUE)
        reduce.fields("/.*/")
    else:
        # Grafana names the number of a row by the text of the row, where it shows values of rows.
        columns.append(Column("label"))
        panel.text_mode(options.BigValueTextMode.VALUE_AND_NAME)
        reduce.fields("").values(True)
    short, sentence = none or (texts("no_figures"), texts("no_rows"))
    panel.reduce_options(reduce)
    found = _finish(texts, panel, title, f"{about} {sentence}", columns, sql, width, NUMBER_HEIGHT)
    return found.no_value(short)


def rows(
    texts: Texts,
    title: str,
    about: str,
    columns: Sequence[Column],
    sql: str,
    *,
    width: int = WIDTH,
    height: int = CHART_HEIGHT,
    no_value: str | None = None,
) -> table.Panel:
    """A table: a row for each row of the query. `no_value`: the words for no row at all."""
    panel = table.Panel().show_header(True).cell_height(options.TableCellHeight.SM)
    found = _finish(texts, panel, title, about, columns, sql, width, height)
    return found if no_value is None else found.no_value(no_value)


def bars(
    texts: Texts,
    title: str,
    about: str,
    columns: Sequence[Column],
    sql: str,
    *,
    width: int = WIDTH // 2,
    height: int = CHART_HEIGHT,
    horizontal: bool = False,
    stacked: bool = False,
    logarithmic: bool = False,
    no_value: str | None = None,
) -> barchart.Panel:
    """Bars: the first column is the label of a row, with its marks in words; each other column is a series.

    `no_value`: the words for no row at all.
    """
    panel = barchart.Panel().x_field(columns[0].name).show_value(options.VisibilityMode.AUTO)
    panel.orientation(options.VizOrientation.HORIZONTAL if horizontal else options.VizOrientation.VERTICAL)
    panel.stacking(options.StackingMode.NORMAL if stacked else options.StackingMode.NONE)
    # The marks are at the end of a label, which must not be cut off.
    panel.x_tick_label_rotation(0 if horizontal else -45).x_tick_label_max_length(90 if horizontal else 70)
    panel.line_width(0).fill_opacity(85).group_width(0.8).bar_width(0.9)
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.NONE))
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST)
    panel.legend(legend.placement(options.LegendPlacement.BOTTOM).show_legend(len(columns) > 2).calcs([]))
    if logarithmic:
        panel.scale_distribution(common.ScaleDistributionConfig().type(options.ScaleDistribution.LOG).log(10))
    found = _finish(texts, panel, title, about, _colored(columns), sql, width, height)
    return found if no_value is None else found.no_value(no_value)


def words(title: str, content: str, *, width: int = WIDTH, height: int = 3) -> text.Panel:
    """A text in Markdown."""
    return text.Panel().title(title).mode(TextMode.MARKDOWN).content(content).span(width).height(height)


def _colored(columns: Sequence[Column]) -> list[Column]:
    """The columns of a chart, each series with a colour."""
    label, *series = columns
    return [label, *(replace(found, color=found.color or SERIES[i]) for i, found in enumerate(series))]


def _finish(
    texts: Texts, panel: _P, title: str, about: str, columns: Sequence[Column], sql: str, width: int, height: int
) -> _P:
    panel.title(title).description(about).datasource(SOURCE).span(width).height(height)
    limits = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value=None, color=PLAIN)])
    panel.no_value(texts("no_rows")).thresholds(limits).with_target(SqlTarget(sql))
    for each in columns:
        panel.override_by_name(each.name, [DynamicConfigValue(*found) for found in properties(texts, each)])
    return panel
