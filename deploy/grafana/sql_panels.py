"""Panels of published figures. They show rows as they are published and compute nothing from several of them.

Each tells apart what is hidden, what cannot be calculated and what is not there. In tables and numbers NULL and NaN
are mapped to words; in charts the label of a row says it, because there is no bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from grafana_foundation_sdk.builders import barchart, common, stat, table, text
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana.sql import SOURCE, SqlTarget
from deploy.grafana.texts import Texts
from deploy.grafana.theme import CHART_HEIGHT, MEASURES, MUTED, NUMBER_HEIGHT, PLAIN, SERIES, WIDTH
from deploy.grafana.variables import NAMES
from deploy.report.model import Unit

SqlPanel = stat.Panel | table.Panel | barchart.Panel | text.Panel
_P = TypeVar("_P", stat.Panel, table.Panel, barchart.Panel)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a query and how it is shown.

    `unit` None: text. `width`: pixels in a table, None: what is left. `empty`: the words for NULL, which otherwise
    means hidden. `opens`: the dashboard that a click opens, with variable `sets` set to the value of column `code`.
    `marks`: colours of texts. `color`: of a series in a chart. `muted`: in grey. `invisible`: for links only.
    """

    name: str
    title: str = ""
    unit: Unit | None = None
    width: int | None = None
    empty: str | None = None
    opens: str | None = None
    sets: str = ""
    code: str = "scope"
    marks: tuple[tuple[str, str], ...] = ()
    color: str | None = None
    muted: bool = False
    invisible: bool = False


def number(texts: Texts, title: str, about: str, column: Column, sql: str, *, width: int = 4) -> stat.Panel:
    """One number: the column of the only row of a query."""
    panel = stat.Panel().color_mode(options.BigValueColorMode.NONE).graph_mode(options.BigValueGraphMode.NONE)
    # `last` and not `lastNotNull`: NULL means hidden.
    reduce = common.ReduceDataOptions().calcs(["last"]).fields("/.*/" if column.unit is None else "")
    panel.reduce_options(reduce).text_mode(options.BigValueTextMode.VALUE)
    return _finish(texts, panel, title, about, [column], sql, width, NUMBER_HEIGHT)


def rows(
    texts: Texts, title: str, about: str, columns: Sequence[Column], sql: str, *, width: int = WIDTH, height: int = 9
) -> table.Panel:
    """A table: a row for each row of the query."""
    panel = table.Panel().show_header(True).cell_height(options.TableCellHeight.SM)
    return _finish(texts, panel, title, about, columns, sql, width, height)


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
) -> barchart.Panel:
    """Bars: the first column is the label of a row, with its marks in words; each other column is a series."""
    panel = barchart.Panel().x_field(columns[0].name).show_value(options.VisibilityMode.AUTO)
    panel.orientation(options.VizOrientation.HORIZONTAL if horizontal else options.VizOrientation.VERTICAL)
    panel.stacking(options.StackingMode.NORMAL if stacked else options.StackingMode.NONE)
    panel.x_tick_label_rotation(0 if horizontal else -45).x_tick_label_max_length(40)
    panel.line_width(0).fill_opacity(85).group_width(0.8).bar_width(0.9)
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.NONE))
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.LIST)
    panel.legend(legend.placement(options.LegendPlacement.BOTTOM).show_legend(len(columns) > 2).calcs([]))
    return _finish(texts, panel, title, about, _colored(columns), sql, width, height)


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
    for column in columns:
        panel.override_by_name(column.name, [DynamicConfigValue(*found) for found in _properties(texts, column)])
    return panel


def _properties(texts: Texts, column: Column) -> list[tuple[str, object]]:
    """The settings of a column by their names in Grafana."""
    found: list[tuple[str, object]] = []
    if column.title:
        found.append(("displayName", column.title))
    if column.unit is not None:
        measure = MEASURES[column.unit]
        found += [("unit", measure.unit), ("decimals", measure.decimals)]
        found += [("min", measure.minimum)] * (measure.minimum is not None)
        found += [("max", measure.maximum)] * (measure.maximum is not None)
    found.append(("mappings", _mappings(texts, column)))
    if column.width is not None:
        found.append(("custom.width", column.width))
    if column.color is not None:
        found.append(("color", {"mode": "fixed", "fixedColor": column.color}))
    if column.muted:
        found += [("color", {"mode": "fixed", "fixedColor": MUTED}), ("custom.cellOptions", {"type": "color-text"})]
    if column.marks:
        found.append(("custom.cellOptions", {"type": "color-text"}))
    if column.opens is not None:
        found.append(("links", [_link(texts, column, column.opens)]))
    if column.invisible:  # the names of this setting before and since Grafana 12.2
        found += [("custom.hidden", True), ("custom.hideFrom", {"legend": True, "tooltip": True, "viz": True})]
    return found


def _mappings(texts: Texts, column: Column) -> list[object]:
    """Words for values that are no number, and colours of texts."""
    found: list[object] = []
    if column.unit is not None or column.empty is not None:
        empty = texts("hidden") if column.empty is None else column.empty
        for match, words_ in (("null", empty), ("nan", texts("undefined"))):
            result = {"text": words_, "color": MUTED, "index": len(found)}
            found.append({"type": "special", "options": {"match": match, "result": result}})
    if column.marks:
        colors = {text_: {"color": color, "index": i} for i, (text_, color) in enumerate(column.marks)}
        found.append({"type": "value", "options": colors})
    return found


def _link(texts: Texts, column: Column, board: str) -> dict[str, object]:
    """A link to another dashboard in the same language. It carries all variables along."""
    kept = "&".join(f"${{{name}:queryparam}}" for name in NAMES if name != column.sets)
    chosen = f"&var-{column.sets}=${{__data.fields.{column.code}:percentencode}}" if column.sets else ""
    return {"title": texts("open_board"), "url": f"/d/hva-{board}-{texts.language}?{kept}{chosen}"}
