"""What panels of the present show in situations that a run does not have, computed by promtool from invented series."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.promql import UNKNOWN
from tests.prometheus.boards import queries
from tests.prometheus.server import FILES
from tests.prometheus.test_rules import promtool

READY = {f'hva_ready{{job="{job}", instance="a"}}': "1x60" for job in ("ingest", "nps", "fcr", "segments")}
WITHOUT_SEGMENTS = {series: values for series, values in READY.items() if "segments" not in series}
LOAD = {f'hva_freshness_seconds_bucket{{job="nps", le="{le}"}}': "0+600x10 6000x50" for le in ("300.0", "+Inf")}
DEAD_LETTERS = {
    f'hva_dead_letters_open{{job="ingest", instance="{name}", reason="schema"}}': "4x60" for name in ("a", "b")
}


@pytest.mark.parametrize(
    ("title", "minute", "series", "expected"),
    [
        ("Slowest freshness", 8, {**READY, **LOAD}, {"": 297.0}),
        ("Slowest freshness", 20, {**READY, **LOAD}, {"": 0.0}),  # the load has ended: no events
        ("Slowest freshness", 20, {**WITHOUT_SEGMENTS, **LOAD}, {"": UNKNOWN}),
        ("Open dead letters", 20, READY, {"": 0.0}),
        ("Open dead letters", 20, {**READY, **DEAD_LETTERS}, {"": 4.0}),  # two replicas count the same ones
        ("Open dead letters", 20, {**WITHOUT_SEGMENTS, **DEAD_LETTERS}, {"": UNKNOWN}),
        (
            "Dead letters by reason",
            20,
            {**WITHOUT_SEGMENTS, **DEAD_LETTERS},
            {"ingest schema": 4.0, "nps ": 0.0, "fcr ": 0.0, "segments ": UNKNOWN},
        ),
        ("Ready replicas", 20, WITHOUT_SEGMENTS, {"ingest": 1.0, "nps": 1.0, "fcr": 1.0, "segments": UNKNOWN}),
        ("Waiting records", 20, {}, {"": UNKNOWN}),
        ("Firing alerts", 20, {}, {"": UNKNOWN}),  # Prometheus evaluates no rules
        ("Firing alerts", 20, {"prometheus_rule_group_rules": "9x60"}, {"": 0.0}),
        ("Firing alerts", 20, {'ALERTS{alertstate="firing", alertname="X"}': "1x60"}, {"": 1.0}),
    ],
)
def test_panel_shows(
    title: str, minute: int, series: Mapping[str, str], expected: Mapping[str, float], tmp_path: Path
) -> None:
    (query,) = (query for query in queries() if query.title == title)
    labels = "job" if query.labels == {"job"} else "name"
    # Only the labels that the panel shows; the recorded series are computed as Prometheus does.
    shown = f"round(max by ({labels}) ({query.expression}), 0.1)" if query.labels else f"round({query.expression}, 1)"
    samples = [{"labels": f'{{{labels}="{name}"}}' if name else "{}", "value": v} for name, v in expected.items()]
    case: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": shown, "eval_time": f"{minute}m", "exp_samples": samples}],
    }
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(FILES / "rules" / "recording.yml")], "tests": [case]}))
    assert "SUCCESS" in promtool("test", "rules", str(file))
