"""The configuration and the rules of Prometheus, checked by promtool."""

import subprocess

from tests.prometheus.server import FILES, program


def promtool(*arguments: str) -> str:
    """Run promtool; returns what it says."""
    done = subprocess.run(
        [program("promtool"), *arguments], cwd=FILES, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_configuration_and_rules_are_valid() -> None:
    promtool("check", "config", "--syntax-only", "prometheus.yml")
    rules = sorted(map(str, (FILES / "rules").glob("*.yml")))
    assert promtool("check", "rules", *rules).count("SUCCESS") == len(rules) > 0


def test_every_alert_fires_when_it_should_and_only_then() -> None:
    for file in sorted(map(str, (FILES / "tests").glob("*.yml"))):
        assert "SUCCESS" in promtool("test", "rules", file)
