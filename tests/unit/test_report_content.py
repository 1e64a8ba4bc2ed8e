"""What the report makes of rows: objectives in order, trends by month or quarter, tables of hidden and missing rows."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.report.changes import restatement
from deploy.report.charts import draw
from deploy.report.gaps import missing
from deploy.report.key_results import group, has_months, read
from deploy.report.labels import restatement_words, verdict
from deploy.report.model import LANGUAGES, Name, Value
from deploy.report.numbers import shown
from deploy.report.rows import build
from deploy.report.tables import SPECS
from tests.unit import report_cases as cases

QUARTER, BEFORE = "2026Q3", "2026Q2"
NAMES = {("question", "useful"): Name("useful", {"fi": "Hyöty"}), ("any", "-"): Name("-", {"fi": "Ei tiedossa"})}


def row(view: str, period: str = QUARTER, **changed: Any) -> dict[str, Any]:
    """A published row of nps or fcr for the whole county."""
    keys = {"scope_level": "county", "scope": "oma-hame", "channel": "all", "segment": "all"}
    numbers = {
        "nps": {"n": 100, "score": 40.0, "score_low": 30.0, "score_high": 50.0},
        "fcr": {"handled": 10, "gross": 0.4, "net": 0.5, "outcome_coverage": 1.0},
        "fcr_confirmed": {"window_days": 7, "fcr_confirmed": 0.3, "repeat_rate": 0.1},
        "fcr_client": {"window_days": 7, "fcr_client": None},
    }
    return {"period": period, **keys, **numbers[view], "suppressed": False, "low_n": False, **changed}


def spec(id: str) -> Any:
    return next(spec for spec in SPECS if spec.id == id)


def test_table_has_the_county_first_and_names_unknown_scopes_last() -> None:
    areas = [row("nps", scope_level="service_area", scope=code) for code in ("-", "vuode", "ensi")]
    rows = {
        "nps": [*areas, row("nps"), row("nps", scope_level="division", scope="terveys"), row("nps", channel="sms", n=7)]
    }
    table = build(spec("nps_areas"), rows, QUARTER, BEFORE, NAMES)
    assert [found.names[0].code for found in table.rows] == ["oma-hame", "ensi", "vuode", "-"]
    assert table.rows[0].values[2] == Value("count", 100)
    assert [found.total for found in table.rows] == [True, False, False, False]


def test_table_of_several_views_says_what_is_missing_in_each() -> None:
    rows = {
        "fcr": [row("fcr"), row("fcr", BEFORE, gross=0.36), row("fcr", scope_level="line", scope="terveys")],
        "fcr_confirmed": [row("fcr_confirmed", suppressed=True), row("fcr_confirmed", window_days=30)],
        "fcr_client": [row("fcr_client")],
    }
    county, line = build(spec("fcr"), rows, QUARTER, BEFORE, {}).rows
    found = {column.label: value for column, value in zip(spec("fcr").columns, county.values, strict=True)}
    assert found["gross"] == Value("share", 0.4)
    assert found["fcr_confirmed"].reason == "hidden"
    assert found["fcr_client"].reason == "undefined"
    assert county.change.points == pytest.approx(4.0)
    assert line.values[2].reason == "missing"
    assert (county.hidden, line.hidden) == (True, False)
    assert line.change.points is None


def test_key_results_follow_the_order_of_objectives() -> None:
    register = [
        {"id": id, **{f"{text}_{lang}": id.upper() for text in ("name", "description") for lang in ("fi", "sv", "en")}}
        for id in ("b", "a", "unused")
    ]
    results = [replace(cases.KEY_RESULT, id=id, objective=objective) for id, objective in ("1a", "2b", "3a", "4x")]
    said = [{"objective": "b", "language": "fi", "text": "x", "said_by": "y", "said_at": cases.AT}]
    found = group(results, register, said)
    assert [(o.id, [result.id for result in o.key_results]) for o in found] == [
        ("b", ["2"]),
        ("a", ["1", "3"]),
        ("", ["4"]),
    ]
    assert [len(o.narratives) for o in found] == [1, 0, 0]


@pytest.mark.parametrize(
    "view, column, scope, expected",
    [
        ("nps", "score", {}, True),
        ("fcr", "gross", {"channel": "chat"}, True),
        ("hyte", "count", {"kind": "tray_visit"}, False),  # a month's count is no part of a quarter's target
        ("events_per_client", "events_per_client", {}, False),
        ("direct_feedback", "share", {"kind": "complaint", "theme": "all"}, False),  # no months are published
    ],
)
def test_trend_by_month_only_where_months_compare_with_quarters(
    view: str, column: str, scope: dict[str, str], expected: bool
) -> None:
    assert has_months(view, column, scope) is expected


def test_verdict_on_a_value_that_is_not_there() -> None:
    hidden = replace(cases.INDICATIVE, actual=Value("share", reason="hidden"))
    assert verdict("en", hidden) == "Whether the target is met cannot be determined"
    assert verdict("en", cases.INDICATIVE).startswith("Indicative")
    assert verdict("en", replace(cases.KEY_RESULT, met=True, margin=0.0)) == "Target met"


def test_missing_months_and_a_missing_quarter() -> None:
    months = ("2026-07", "2026-08", "2026-09")
    assert [gap.kind for gap in missing("fcr", QUARTER, frozenset())] == ["no_rows"]
    assert [gap.months for gap in missing("fcr", QUARTER, frozenset({QUARTER, months[1]}))] == [months[::2]]
    assert missing("fcr", QUARTER, frozenset({QUARTER, *months})) == []


def test_picture_shows_each_value_and_leaves_gaps() -> None:
    svg = draw(cases.GROWTH, "share", Value("share", 0.396), "fi")
    assert svg.count("<text") >= 8
    assert "40\u202f%" in svg
    assert not any(part in svg for part in ("style=", "id=", "<script", "<style", "href", "#DejaVu"))
    assert draw(cases.trend(None, None), "share", Value("share", 0.4), "fi") == ""


def test_picture_of_infinite_waits_is_left_out() -> None:
    points = tuple(replace(point, value=Value("wait", float("inf"))) for point in cases.GROWTH.points)
    assert draw(replace(cases.GROWTH, points=points), "wait", Value("wait", 300.0), "fi") == ""


def test_restatement_is_named_by_what_narrows_it_down() -> None:
    keys = '{"scope_level": "county", "scope": "oma-hame", "channel": "all", "segment": "all", "question": "useful"}'
    numbers = {"old_value": 0.7, "new_value": None, "old_suppressed": False, "new_suppressed": True}
    row = {"view": "statement", "keys": keys, "column_name": "top1", "causes": ["late"], **numbers}
    found = restatement(row, NAMES, {})
    assert (found.before, found.now) == (Value("share", 0.7), Value("share", reason="hidden"))
    assert restatement_words("fi", found) == "Väittämät: Täysin samaa mieltä (5) (Hyöty)"


def test_restatement_of_a_key_result_has_its_name_and_the_unit_of_its_metric() -> None:
    numbers = {"old_value": 0.36, "new_value": 0.38, "old_suppressed": False, "new_suppressed": False}
    row = {"view": "key_result", "keys": '{"id": "kr"}', "column_name": "actual", "causes": ["late"], **numbers}
    found = restatement(row, {("id", "kr"): Name("kr", {"fi": "Nimi"})}, {"kr": "gross"})
    assert (found.before, found.now) == (Value("share", 0.36), Value("share", 0.38))
    assert restatement_words("fi", found) == "Nimi: Toteuma"
    assert restatement({**row, "column_name": "coverage"}, {}, {"kr": "gross"}).now.unit == "share"
    assert restatement({**row, "column_name": "change_points"}, {}, {"kr": "gross"}).now.unit == "points"
    met = restatement({**row, "column_name": "met", "old_value": 1.0, "new_value": 0.0}, {}, {"kr": "gross"})
    words = {language: (shown(language, met.before), shown(language, met.now)) for language in LANGUAGES}
    assert words == {"fi": ("kyllä", "ei"), "sv": ("ja", "nej"), "en": ("yes", "no")}


class Connection:
    """Answers the queries of `key_results.read` out of tables in memory."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = tables

    async def fetch(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return next(rows for name, rows in self.tables.items() if f"report.{name} " in " ".join(query.split()))


def key_result_row(**changed: Any) -> dict[str, Any]:
    """A row of `report.key_result` with the columns that the report reads."""
    numbers = dict.fromkeys(("baseline", "target", "actual", "change_points", "change_relative", "progress"))
    return {
        **{"id": "kr", "objective": "o", "name_fi": "Nimi", "name_sv": "", "name_en": None, "owner": "johto"},
        **{"metric": "nps.score", "direction": "reach", "scope": '{"county": "oma-hame", "scope_level": "county"}'},
        **numbers,
        **{"baseline_period": None, "met": None, "coverage": None, "suppressed": False, "margin": 0.0},
        **{"status": None, "status_by": None, "status_at": None},
        **changed,
    }


@pytest.mark.parametrize(
    "changed, actual, baseline",
    [
        ({}, "missing", "not_set"),
        ({"suppressed": True, "baseline_period": "2025Q4"}, "hidden", "missing"),
        ({"actual": 71.0, "baseline": 70.0}, None, None),
    ],
)
async def test_key_result_says_why_a_number_is_missing(
    changed: dict[str, Any], actual: str | None, baseline: str | None
) -> None:
    names = {f"{text}_{lang}": None for text in ("name", "description") for lang in ("fi", "sv", "en")}
    tables = {
        "key_result": [key_result_row(**changed)],
        "key_result_status": [{"id": "kr", "comment": "x"}],
        "objective": [{"id": "o", **names}],
        "narrative": [{"objective": "o", "language": "fi", "text": "x", "said_by": "y", "said_at": cases.AT}],
        "nps": [row("nps", period="2026-09"), row("nps", low_n=True)],
    }
    objectives = await read(Connection(**tables), "oma-hame", QUARTER)
    (result,) = objectives[0].key_results
    assert (result.actual.reason, result.baseline.reason, result.comment) == (actual, baseline, "x")
    assert result.name.names == {"fi": "Nimi"}
    assert [point.value.number for point in result.trend.points] == [None] * 12 + [40.0]
    assert result.trend.points[-1].interval == result.interval == Value("points", 30.0, 50.0)
    assert result.low_n


async def test_trend_is_by_quarter_where_no_month_is_shown() -> None:
    tables = {
        "key_result": [key_result_row(actual=40.0)],
        "key_result_status": [],
        "objective": [],
        "narrative": [],
        "nps": [row("nps", period="2026-09", suppressed=True), row("nps"), row("nps", BEFORE, score=38.0)],
    }
    ((result,),) = [found.key_results for found in await read(Connection(**tables), "oma-hame", QUARTER)]
    assert (result.trend.kind, len(result.trend.points)) == ("quarter", 8)
    assert [point.value.number for point in result.trend.points[-2:]] == [38.0, 40.0]
