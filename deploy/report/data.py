"""The report for programs: JSON with every number unrounded, and CSV with a line for each number and each text."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

import orjson

from deploy.report.labels import gap_words
from deploy.report.model import KeyResult, Language, Report, Value
from deploy.report.texts import definitions, name_in, text

_HEADER: Final = (
    *("section", "id", "row", "name", "column", "label", "period"),
    *("value", "high", "unit", "reason", "low_n"),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def render_json(report: Report, language: Language) -> str:
    """The whole report by report.schema.json. Texts of people are as they wrote them; infinity is text."""
    content = {"version": 1, "language": language, "title": text(language, "title", quarter=report.quarter)}
    return orjson.dumps(_finite(content | asdict(report)), option=orjson.OPT_INDENT_2).decode() + "\n"


def render_csv(report: Report, language: Language) -> str:
    """A line for each number and each text of people (RFC 4180). Where there is no value, `reason` says why."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_HEADER)
    for line in _lines(report, language):
        writer.writerow([_cell(item) for item in line])
    return written.getvalue()


def _lines(report: Report, language: Language) -> Iterator[tuple[object, ...]]:
    yield from _header(report, language)
    for objective in report.objectives:
        for narrative in objective.narratives:
            said = (
                narrative.language,
                name_in(language, objective.name),
                narrative.said_by,
                text(language, "narrative"),
            )
            yield ("narrative", objective.id, *said, report.quarter, narrative.text, "", "", "", "")
        for result in objective.key_results:
            yield from _key_result(report, result, language)
    labels = definitions()["columns"]
    for table in report.tables:
        for row in table.rows:
            codes, names = "/".join(name.code for name in row.names), "/".join(name_in(language, n) for n in row.names)
            for column, value in zip(table.columns, row.values, strict=True):
                label = labels[column.label][language]
                head = ("table", table.id, codes, names, column.source, label, report.quarter)
                yield (*head, *_value(value), row.low_n)
    for found in report.restatements:
        keys = "/".join(f"{key}={code}" for key, code in found.keys.items())
        for when, value in (("before", found.before), ("now", found.now)):
            source = f"{found.view}.{found.column}"
            yield ("restatement", when, keys, "/".join(found.causes), source, "", report.quarter, *_value(value), "")


def _header(report: Report, language: Language) -> Iterator[tuple[object, ...]]:
    """State, edition, time of publication, gaps in the data, and how much is hidden."""
    edition = report.edition
    values: dict[str, object] = {
        "state": report.state,
        "edition": edition and edition.number,
        "published": report.published_at and report.published_at.isoformat(),
    }
    for name, value in values.items():
        head = ("report", name, "", name_in(language, report.county_name), name, text(language, name), report.quarter)
        yield (*head, "" if value is None else value, "", "", "missing" if value is None else "", "")
    for gap in report.gaps:
        yield ("gap", gap.kind, gap.family, "", "", "", report.quarter, gap_words(language, gap), "", "", "", "")
    for found in report.hidden:
        for what, count in (("hidden", found.hidden), ("rows", found.rows)):
            yield ("hidden", found.table, "", "", what, "", report.quarter, count, "", "count", "", "")


def _key_result(report: Report, result: KeyResult, language: Language) -> Iterator[tuple[object, ...]]:
    name = name_in(language, result.name)
    for what in ("actual", "target", "baseline"):
        head = ("key_result", result.id, result.objective, name, what, text(language, what), report.quarter)
        yield (*head, *_value(getattr(result, what)), result.low_n if what == "actual" else "")
    if result.interval is not None:
        head = ("key_result", result.id, result.objective, name, "interval", "", report.quarter)
        yield (*head, *_value(result.interval), "")
    for what in ("change_points", "change_relative", "progress", "coverage"):
        number = getattr(result, what)
        reason = "" if number is not None else "undefined"
        head = ("key_result", result.id, result.objective, name, what, "", report.quarter)
        yield (*head, "" if number is None else number, "", "", reason, "")
    status = (result.status or "", "", "", "" if result.status else "missing", "")
    yield ("key_result", result.id, result.objective, name, "status", text(language, "status"), report.quarter, *status)
    for point in result.trend.points:
        yield ("trend", result.id, result.objective, name, "value", "", point.period, *_value(point.value), "")
        if point.interval is not None:
            yield (
                "trend",
                result.id,
                result.objective,
                name,
                "interval",
                "",
                point.period,
                *_value(point.interval),
                "",
            )


def _value(value: Value) -> tuple[object, ...]:
    number = "" if value.number is None else value.number
    return number, "" if value.high is None else value.high, value.unit, value.reason or ""


def _cell(item: object) -> object:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{item}" if isinstance(item, str) and item.startswith(_FORMULA) else item


def _finite(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _finite(value) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [_finite(value) for value in item]
    return "Infinity" if item == float("inf") else item
