"""Columns of queries: their names, units, colours and links in a panel, and the words for values that are no number."""

from dataclasses import dataclass
from typing import Any, Final

from deploy.grafana.sources import source
from deploy.grafana.sql import ALL, LEVELS
from deploy.grafana.texts import Texts
from deploy.grafana.theme import LONGER_WAIT, MEASURES, MUTED, WAITS, Measured
from deploy.grafana.variables import NAMES
from deploy.report.tables import column

_WAITS: Final = {**{str(bound): bound for bound in (*WAITS, LONGER_WAIT)}, "Infinity": LONGER_WAIT}
"""Waits by what Grafana compares: numbers as it writes them."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a query and how it is shown.

    `unit` None: text. `width`: pixels in a table, None: what is left. `empty`: the words for NULL, which otherwise
    means hidden. `opens`: the dashboard that a click opens, with variable `sets` set to the value of column `code`.
    `marks`: colours of texts by regular expressions. `color`: of a series in a chart. `muted`: in grey. `wrapped`: on
    several lines. `invisible`: for links only.
    """

    name: str
    title: str = ""
    unit: Measured | None = None
    width: int | None = None
    empty: str | None = None
    opens: str | None = None
    sets: str = ""
    code: str = "scope"
    marks: tuple[tuple[str, str], ...] = ()
    color: str | None = None
    muted: bool = False
    wrapped: bool = False
    invisible: bool = False


def figure(texts: Texts, name: str, **settings: Any) -> Column:
    """A column of a figure from a source (`sources.source`), with its unit and, unless given, its name in the report.

    A share that is not published needs a title.
    """
    of = source(name)
    found = column(f"{of.view}.{of.name}" if "/" in of.column else f"{of.view}.{of.column}")
    unit: Measured = "index" if name.endswith("revolving.index") else found.unit
    if "title" not in settings:
        settings["title"] = texts.column(found.label)
    return Column(of.name, unit=unit, **settings)


def label(texts: Texts, name: str, title: str, **settings: Any) -> Column:
    """The column that names the rows of a table; a row of few answers is grey."""
    return Column(name, title, marks=((f"/{texts('low_n_short')}/", MUTED),), **settings)


def properties(texts: Texts, shown: Column) -> list[tuple[str, object]]:
    """The settings of a column by their names in Grafana."""
    found: list[tuple[str, object]] = []
    if shown.title:
        found.append(("displayName", shown.title))
    if shown.unit is not None:
        measure = MEASURES[shown.unit]
        found += [("unit", measure.unit), ("decimals", measure.decimals)]
        found += [("min", measure.minimum)] * (measure.minimum is not None)
        found += [("max", measure.maximum)] * (measure.maximum is not None)
    found.append(("mappings", _mappings(texts, shown)))
    if shown.width is not None:
        found.append(("custom.width", shown.width))
    color = MUTED if shown.muted else shown.color
    if color is not None:
        found.append(("color", {"mode": "fixed", "fixedColor": color}))
    if shown.muted or shown.marks or shown.wrapped:
        colored = "color-text" if shown.muted or shown.marks else "auto"
        found.append(("custom.cellOptions", {"type": colored, "wrapText": shown.wrapped}))
    if shown.opens is not None:
        found.append(("links", [_link(texts, shown, shown.opens)]))
    if shown.invisible:  # the names of this setting before and since Grafana 12.2
        found += [("custom.hidden", True), ("custom.hideFrom", {"legend": True, "tooltip": True, "viz": True})]
    return found


def _mappings(texts: Texts, shown: Column) -> list[object]:
    """Words for values that are no number, and colours of texts."""
    found: list[object] = []
    if shown.unit is not None or shown.empty is not None:
        empty = texts("hidden") if shown.empty is None else shown.empty
        for match, words_ in (("null", empty), ("nan", texts("undefined"))):
            result = {"text": words_, "color": MUTED, "index": len(found)}
            found.append({"type": "special", "options": {"match": match, "result": result}})
    if shown.unit == "wait":
        words = {key: {"text": texts.wait(bound)} for key, bound in _WAITS.items()}
        found.append({"type": "value", "options": words})
    for pattern, color in shown.marks:
        result = {"color": color, "index": len(found)}
        found.append({"type": "regex", "options": {"pattern": pattern, "result": result}})
    return found


def _link(texts: Texts, shown: Column, board: str) -> dict[str, object]:
    """A link to another dashboard in the same language. It carries all variables along.

    Choices below the one that a row sets are of another scope: Grafana would keep them, so they are set to 'all'.
    """
    below = LEVELS[: LEVELS.index(shown.sets)] if shown.sets in LEVELS else ()
    parts = [f"${{{name}:queryparam}}" for name in NAMES if name not in (shown.sets, *below)]
    parts += [f"var-{name}={ALL}" for name in below]
    parts += [f"var-{shown.sets}=${{__data.fields.{shown.code}:percentencode}}"] * bool(shown.sets)
    return {"title": texts("open_board"), "url": f"/d/hva-{board}-{texts.language}?{'&'.join(parts)}"}
