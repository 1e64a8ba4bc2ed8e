"""Dashboards, rules and runbooks refer only to metrics and pages that exist. Every panel has a description.

`make compose-test` checks on a real Prometheus that the queries find series and the alerts fire.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.__main__ import FOLDER, dashboards

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


@pytest.mark.parametrize(("name", "panel"), list(panels()), ids=lambda value: value if isinstance(value, str) else "")
def test_panel_has_a_description_and_sorted_thresholds(name: str, panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["description"].endswith(".") and defaults["unit"] and defaults["noValue"]
    assert defaults["thresholds"]["steps"][0]["value"] is None
    values = [step["value"] for step in defaults["thresholds"]["steps"][1:]]
    assert values == sorted(values)
    if defaults["unit"] == "percentunit":
        assert (defaults["min"], defaults["max"]) == (0, 1) and all(0 < value < 1 for value in values)
    assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
    assert panel["targets"] and all(target["expr"] for target in panel["targets"])


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
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        page = (ROOT / rule["annotations"]["runbook_url"]).read_text()
        assert f"**{rule['alert']}**" in page and len(page.splitlines()) < 35


def test_every_alert_is_tested_firing_and_not_firing() -> None:
    tests = yaml.safe_load((ROOT / "deploy" / "prometheus" / "tests" / "alerts.yml").read_text())["tests"]
    tested = [(case["alertname"], bool(case["exp_alerts"])) for test in tests for case in test["alert_rule_test"]]
    assert set(tested) == {(rule["alert"], fires) for rule in alerts() for fires in (True, False)}


def test_runbooks_refer_only_to_pages_and_panels_that_exist() -> None:
    titles = {panel["title"] for _, panel in panels()}
    for path in RUNBOOKS.glob("*.md"):
        assert set(re.findall(r'\*Operations\*, "([^"]+)"', path.read_text())) <= titles, path.name
        for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
