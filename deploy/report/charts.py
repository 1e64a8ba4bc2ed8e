"""Trends as inline SVG: a line, its interval as a band, the target as a dashed line.

The SVG has no ids, styles, scripts or fonts of its own, so that it fits into any page and any content security policy.
Text stays text. Series differ by shape, not by colour alone.
"""

import io
import re
from collections.abc import Sequence
from typing import Any, Final
from xml.etree import ElementTree

from deploy.report.model import Language, Trend, Unit, Value
from deploy.report.numbers import amount, period
from deploy.report.palette import PALETTE

_SVG: Final = "http://www.w3.org/2000/svg"
_FONT: Final = "system-ui, sans-serif"
_SIZE_IN: Final = (5.2, 2.2)
_AXES: Final = (0.135, 0.13, 0.845, 0.82)
_DROPPED_TAGS: Final = ("metadata", "style", "title")
_FONT_STYLE: Final = re.compile(r"^(?:(?:normal|bold|\d+) )*([\d.]+)px ")


def draw(trend: Trend, unit: Unit, target: Value, language: Language) -> str:
    """The picture of a trend, without its alternative text; empty where there is nothing to draw."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    if not any(_finite(point.value) for point in trend.points):
        return ""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "hva", "font.size": 10, "path.simplify": False}):
        figure = Figure(figsize=_SIZE_IN)
        axes = figure.add_axes(_AXES)
        _plot(axes, trend, target)
        _style(axes, trend, unit, language)
        written = io.BytesIO()
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(written, metadata={"Date": None, "Creator": None, "Format": None})
    return _inline(written.getvalue())


def _finite(value: Value) -> bool:
    return value.number is not None and value.number != float("inf")


def _number(value: Value) -> float:
    return value.number if value.number is not None and _finite(value) else float("nan")


def _plot(axes: Any, trend: Trend, target: Value) -> None:
    at = range(len(trend.points))
    low = [_number(point.interval) if point.interval else float("nan") for point in trend.points]
    high = [point.interval.high if point.interval and point.interval.high else float("nan") for point in trend.points]
    axes.fill_between(at, low, high, color=PALETTE["band"], linewidth=0)
    # A single period between gaps has no line: its interval is a bar and its value a dot.
    axes.vlines(at, low, high, color=PALETTE["accent"], linewidth=0.8)
    values = [_number(point.value) for point in trend.points]
    axes.plot(at, values, color=PALETTE["accent"], linewidth=2, marker="o", markersize=4.5, clip_on=False)
    if target.number is not None:
        axes.axhline(target.number, color=PALETTE["target"], linewidth=1.5, linestyle=(0, (5, 3)))


def _style(axes: Any, trend: Trend, unit: Unit, language: Language) -> None:
    axes.set_xlim(-0.4, len(trend.points) - 0.6)
    bottom, top = _range(axes.get_ylim(), unit)
    axes.set_ylim(bottom, top)
    ticks = list(range(len(trend.points) - 1, -1, -2))
    axes.set_xticks(ticks, [period(language, trend.points[i].period, short=True) for i in ticks])
    axes.set_yticks(marks := _marks(bottom, top), [_tick(language, unit, mark) for mark in marks])
    axes.grid(axis="y", color=PALETTE["line"], linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=PALETTE["muted"], pad=5)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(PALETTE["muted"])


def _range(limits: Sequence[float], unit: Unit) -> tuple[float, float]:
    """Room around the data, so that noise does not look like a cliff: at least 10 points of a share or score. Counts
    begin at 0.
    """
    low, high = limits
    if unit in ("count", "ratio"):
        return 0.0, max(high, 1.0)
    least = {"share": 0.1, "points": 10.0, "percent": 10.0}.get(unit, max(abs(high), 1) * 0.25)
    if high - low < least:
        middle = (high + low) / 2
        low, high = middle - least / 2, middle + least / 2
    if unit == "share":
        return max(low, 0.0), min(max(high, 0.02), 1.0)
    return max(low, -100.0 if unit == "points" else 0.0), high


def _marks(bottom: float, top: float) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    return [mark for mark in MaxNLocator(4).tick_values(bottom, top) if bottom <= mark <= top]


def _tick(language: Language, unit: Unit, mark: float) -> str:
    words = amount(language, unit, round(mark, 6))
    comma = "." if language == "en" else ","
    return words.replace(f"{comma}0\u202f%", "\u202f%") if unit == "share" else words


def _inline(svg: bytes) -> str:
    """The picture without everything that would reach out of it: ids, styles, metadata."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rsplit("}", 1)[-1] in _DROPPED_TAGS or child.tag == f"{{{_SVG}}}clipPath":
                parent.remove(child)
    uses = {use.get("{http://www.w3.org/1999/xlink}href", "").lstrip("#"): use for use in root.iter(f"{{{_SVG}}}use")}
    paths = {path.get("id"): path.get("d") for path in root.iter(f"{{{_SVG}}}path") if path.get("id") in uses}
    for element in root.iter():
        _plain(element, paths)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{_SVG}}}defs":
                parent.remove(child)
    root.attrib = {"viewBox": f"0 0 {width} {height}", "aria-hidden": "true", "focusable": "false"}
    return ElementTree.tostring(root, encoding="unicode")


def _plain(element: ElementTree.Element, paths: dict[str | None, str | None]) -> None:
    """Styles as attributes; a use of a path as the path itself, so that no id is needed."""
    reference = element.attrib.pop("{http://www.w3.org/1999/xlink}href", "").lstrip("#")
    if reference in paths:
        element.tag = f"{{{_SVG}}}path"
        element.set("d", paths[reference] or "")
        element.set("transform", f"translate({element.attrib.pop('x', 0)} {element.attrib.pop('y', 0)})")
    for name in ("id", "clip-path"):
        element.attrib.pop(name, None)
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font" and (size := _FONT_STYLE.match(value)):
            element.set("font-size", size[1])
            element.set("font-family", _FONT)
        elif name and name != "font":
            element.set(name, value)
