"""Dashboards, rules and runbooks refer only to metrics and pages that exist. Every panel has a description.

`tests/prometheus` runs the queries on a real Prometheus.
"""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.grafana.__main__ import FOLDER, dashboards
from deploy.grafana.prometheus_panels import DATA_SOURCE_NAME
from deploy.grafana.promql import UNKNOWN
from deploy.grafana.theme import BAD, GOOD, PLAIN, SERVICES, WIDTH
from deploy.report import LANGUAGES

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
RUNBOOKS = ROOT / "docs" / "runbooks"
_NAME = re.compile(r"[a-z]+:hva_[a-z0-9_]+:[a-z0-9_]+|hva_[a-z_]+")


def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """The panels of metrics. `tests/dashboards` checks those of published figures."""
    for path in sorted(FOLDER.rglob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            if panel.get("datasource", {}).get("type") == "prometheus":
                yield f"{path.parent.name}/{path.stem}: {panel['title']}", panel


def exposed_metrics() -> set[str]:
    """Return the metric names in the sources, with the suffixes that Prometheus adds to counters and histograms."""
    found = set()
    for folder in ("shared", "services", "deploy/exporter"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r'"(hva_[a-z_]+)"', path.read_text()))
    return found | {name + end for name in found for end in ("_total", "_bucket", "_sum", "_count")}


def test_dashboards_are_up_to_date() -> None:
    stored = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in FOLDER.rglob("*.json")}
    assert stored == dashboards(), "run `python -m deploy.grafana`"


def test_every_panel_has_a_description_and_a_text_for_no_data() -> None:
    for name, panel in panels():
        assert panel["description"].endswith(".") and panel["fieldConfig"]["defaults"]["noValue"], name
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}, name
        assert panel["targets"] and all(target["expr"] for target in panel["targets"]), name


def test_panels_of_the_present_ask_for_the_present() -> None:
    for name, panel in panels():
        is_chart = panel["type"] == "timeseries"
        for target in panel["targets"]:
            assert (target["range"], target["instant"]) == (is_chart, not is_chart), name
        if panel["type"] in ("stat", "bargauge"):
            assert panel["options"]["reduceOptions"]["calcs"] == ["last"], name


def test_what_is_not_known_is_bad() -> None:
    shown = [
        (name, panel["fieldConfig"]["defaults"]) for name, panel in panels() if panel["type"] in ("stat", "bargauge")
    ]
    assert shown
    for name, defaults in shown:
        first, *others = defaults["thresholds"]["steps"]
        assert (first["value"], first["color"]) == (None, BAD), name
        bounds = [step["value"] for step in others]
        assert bounds == sorted(bounds) and bounds[0] >= 0 > UNKNOWN, name
        assert str(UNKNOWN) in defaults["mappings"][0]["options"], name


def test_numbers_have_every_digit_and_units_that_people_read() -> None:
    units = {panel["fieldConfig"]["defaults"].get("unit") for _, panel in panels()}
    units |= {
        one["value"]
        for _, panel in panels()
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "unit"
    }
    assert units & {"short", "cps"} == set() and "locale" in units


def test_colours_are_those_of_the_theme() -> None:
    text = json.dumps([panel for _, panel in panels()])
    colors = set(re.findall(r'"(?:color|fixedColor)": "([^"]+)"', text))
    assert colors == {GOOD, BAD, PLAIN, *SERVICES.values()}


def test_links_to_other_dashboards_are_shown() -> None:
    for path in FOLDER.rglob("*.json"):
        links = json.loads(path.read_text())["links"]
        assert links and not any("placement" in link for link in links), "a placement hides links to dashboards"


def test_panels_fill_their_lines_and_titles_have_room() -> None:
    for language in LANGUAGES:
        board = json.loads((FOLDER / language / "operations.json").read_text())["panels"]
        for y, line in itertools.groupby(board, key=lambda panel: panel["gridPos"]["y"]):
            places = [(panel["gridPos"]["w"], panel["gridPos"]["h"]) for panel in line]
            assert sum(width for width, _ in places) == WIDTH and len({height for _, height in places}) == 1, y
        for panel in board:
            # On a screen of 1200 pixels a column has 49, a character about 8, and margins and icon together 40.
            assert len(panel["title"]) <= (49 * panel["gridPos"]["w"] - 40) // 8, panel["title"]


def test_panels_and_rules_query_metrics_that_exist() -> None:
    known = exposed_metrics() | {rule["record"] for rule in rules() if "record" in rule}
    queries = [rule["expr"] for rule in rules()]
    queries += [target["expr"] for _, panel in panels() for target in panel["targets"]]
    unknown = {name for query in queries for name in _NAME.findall(query)} - known
    assert not unknown


def test_every_recorded_series_is_used() -> None:
    used = [rule["expr"] for rule in alerts()]
    used += [target["expr"] for _, panel in panels() for target in panel["targets"]]
    assert [rule["record"] for rule in rules() if "record" in rule and rule["record"] not in " ".join(used)] == []


def test_every_alert_has_a_runbook() -> None:
    pages = {rule["annotations"]["runbook_url"] for rule in alerts()}
    assert pages == {f"docs/runbooks/{path.name}" for path in RUNBOOKS.glob("*.md")}
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['labels']['runbook']}.md"
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        page = (ROOT / rule["annotations"]["runbook_url"]).read_text()
        assert f"**{rule['alert']}**" in page and len(page.splitlines()) < 35


def test_every_alert_is_tested_firing_and_not_firing() -> None:
    files = (ROOT / "deploy" / "prometheus" / "tests").glob("*.yml")
    tests = [test for file in files for test in yaml.safe_load(file.read_text())["tests"]]
    tested = [(case["alertname"], bool(case["exp_alerts"])) for test in tests for case in test["alert_rule_test"]]
    assert set(tested) == {(rule["alert"], fires) for rule in alerts() for fires in (True, False)}


def test_runbooks_refer_only_to_pages_and_panels_that_exist() -> None:
    for path in RUNBOOKS.glob("*.md"):
        assert panels_named(path) <= titles("panel"), path.name
        for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_operations_page_has_the_titles_of_the_dashboard() -> None:
    page = ROOT / "docs" / "operations.md"
    assert panels_named(page) <= titles("panel") and panels_named(page)
    table = page.read_text().partition("| row | answers |")[2].partition("\n\n")[0]
    named = {name for cell in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in cell.split(", ")}
    assert named - {"---"} == titles("row")


def test_list_of_alerts_names_the_data_source_that_is_provisioned() -> None:
    files = ROOT / "deploy" / "grafana" / "provisioning" / "datasources"
    (source,) = yaml.safe_load((files / "prometheus.yml").read_text())["datasources"]
    assert source["name"] == DATA_SOURCE_NAME and source["type"] == "prometheus"


def titles(kind: str) -> set[str]:
    """The titles of the rows or panels of *Operations* in English."""
    board = json.loads((FOLDER / "en" / "operations.json").read_text())["panels"]
    return {panel["title"] for panel in board if (panel["type"] == "row") == (kind == "row")}


def panels_named(page: Path) -> set[str]:
    """The panels of *Operations* that a page names."""
    return set(re.findall(r'\*Operations\*,\s"([^"]+)"', page.read_text()))
