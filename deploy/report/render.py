"""The report as a page, Markdown, CSV and JSON. The texts of registers and people are escaped everywhere."""

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from deploy.report import charts, numbers
from deploy.report.data import render_csv, render_json
from deploy.report.labels import (
    cause_words,
    change_words,
    gap_words,
    is_compared,
    key_words,
    restatement_words,
    said_by,
    status_mark,
    unit_below,
    verdict,
)
from deploy.report.markdown import markdown_to_html
from deploy.report.model import LANGUAGES, Change, KeyResult, Language, Objective, Report, Restatement, Table
from deploy.report.palette import PALETTE
from deploy.report.tables import PARTS
from deploy.report.texts import definitions, name_in, text, texts
from deploy.report.trends import describe

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_csv", "render_html", "render_json", "render_markdown"]

RESTATEMENTS_SHOWN: Final = 60
"""Restatements on the page and in Markdown; CSV and JSON have all."""
_DERIVED: Final = ("change_points", "change_relative", "progress")
"""Columns of key results that follow from the others."""
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


def render_html(report: Report, language: Language) -> str:
    """One self-contained page: no script, and no request to anywhere."""
    return _environment(True).get_template("page.html").render(_context(report, language))


def render_markdown(report: Report, language: Language) -> str:
    """The same content as Markdown with tables."""
    written = _environment(False).get_template("page.md").render(_context(report, language))
    return re.sub(r"\n{3,}", "\n\n", written).strip() + "\n"


def escape_markdown(value: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


@cache
def _environment(autoescape: bool) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("deploy.report"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["md"] = escape_markdown
    made.filters["markdown"] = _markdown
    made.filters["quote"] = _quote
    return made


def _markdown(written: str) -> Any:
    """People's Markdown as HTML that templates do not escape again."""
    from markupsafe import Markup

    return Markup(markdown_to_html(written))


def _quote(written: str) -> str:
    """People's Markdown as a quotation, so that its headings and tables do not become those of the report."""
    return "\n".join(f"> {line}".rstrip() for line in written.strip().splitlines())


def _context(report: Report, language: Language) -> dict[str, Any]:
    found = definitions()
    return {
        "report": report,
        "lang": language,
        "t": partial(text, language),
        "texts": texts(language),
        "name": partial(name_in, language),
        "shown": partial(numbers.shown, language),
        "per_cent": partial(numbers.per_cent, language),
        "amount": partial(numbers.amount, language),
        "day": partial(numbers.day, language),
        "minute": partial(numbers.minute, language),
        "period": partial(numbers.period, language),
        "column": lambda label: found["columns"][label][language],
        "definitions": found,
        "parts": [(part, [table for table in report.tables if table.part == part]) for part in PARTS],
        "used_views": list(dict.fromkeys(view for table in report.tables for view in table.views)),
        "change_words": partial(change_words, language),
        "key_result_change": partial(_key_result_change, language),
        "margin": partial(_margin, language),
        "chart": partial(_chart, language),
        "describe": partial(describe, language),
        "narrative": partial(_narrative, language),
        "said_by": partial(said_by, language),
        "status_mark": status_mark,
        "unit_below": unit_below,
        "verdict": partial(verdict, language),
        "restatement_words": partial(restatement_words, language),
        "cause_words": partial(cause_words, language),
        "gap_words": partial(gap_words, language),
        "key_words": partial(key_words, language),
        "is_compared": is_compared,
        "any_unnamed": any(not n.names for table in report.tables for row in table.rows for n in row.names),
        "restated": _restated(report, language),
        "totals": [(_headline(table, language), change) for table, change in _totals(report)],
        "any_compared": any(is_compared(table) for table in report.tables),
        "any_low_n": any(row.low_n for table in report.tables for row in table.rows)
        or any(result.low_n for objective in report.objectives for result in objective.key_results),
        "palette": PALETTE,
    }


def _restated(report: Report, language: Language) -> list[Restatement]:
    """What the page shows of the restatements, first those that make a difference in printed digits."""
    found = [one for one in report.restatements if one.column not in _DERIVED]
    found.sort(key=lambda one: numbers.shown(language, one.before) == numbers.shown(language, one.now))
    return found[:RESTATEMENTS_SHOWN]


def _headline(table: Table, language: Language) -> str:
    defined = definitions()
    figure, column = table.headline.source.split(".")[0], table.headline.label
    return f"{defined['figures'][figure]['name'][language]}: {defined['columns'][column][language]}"


def _totals(report: Report) -> list[tuple[Table, Change]]:
    """The change of each figure of the whole county, each headline once."""
    found: dict[str, tuple[Table, Change]] = {}
    for table in report.tables:
        for row in table.rows:
            if row.total:
                found.setdefault(table.headline.source, (table, row.change))
    return list(found.values())


def _chart(language: Language, result: KeyResult) -> Any:
    from markupsafe import Markup

    return Markup(charts.draw(result.trend, result.actual.unit, result.target, language))


def _key_result_change(language: Language, result: KeyResult) -> str | None:
    """The change since the baseline in its unit and in per cent."""
    if result.change_points is None:
        return None
    words = numbers.difference(language, result.actual.unit, result.change_points)
    if result.change_relative is None:
        return words
    return f"{words} ({numbers.per_cent(language, result.change_relative, 1, sign=True)})"


def _margin(language: Language, result: KeyResult) -> str:
    """The margin of a key result in the unit of its changes."""
    scale = 100 if result.actual.unit == "share" else 1
    return numbers.difference(language, result.actual.unit, scale * result.margin).removeprefix("+")


def _narrative(language: Language, objective: Objective) -> Any:
    """The newest narrative in the language, else in another one, else None."""
    by_language = {narrative.language: narrative for narrative in objective.narratives}
    return next((by_language[one] for one in (language, *LANGUAGES) if one in by_language), None)
