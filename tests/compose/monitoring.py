"""Rules and dashboards on the stack's own Prometheus, which scrapes services that have worked."""

import json
import re
from collections.abc import Iterator
from typing import Final

from tests.compose.course import must
from tests.compose.resolved import PROJECT
from tests.compose.stack import Stack, until

_DASHBOARDS: Final = PROJECT / "deploy" / "grafana" / "dashboards"
_VARIABLES: Final = {"$county": ".+", "$period": "quarter_current"}
_OF_TROUBLES: Final = {"Failed commits", "Sender problems"}
"""Panels that are empty while nothing is wrong; their metrics are known all the same."""


def rules_tested(stack: Stack) -> str:
    """What `promtool` says of the rules: every alert fires where it should, and is quiet elsewhere."""
    folder = "/etc/prometheus"
    promtool = ("exec", "-T", "prometheus", "promtool")
    stack.compose(*promtool, "check", "config", f"{folder}/prometheus.yml")
    said = stack.compose(*promtool, "test", "rules", f"{folder}/tests/alerts.yml")
    must("SUCCESS" in said, f"promtool: {said}")
    return re.sub(r"\s+", " ", said).strip()


def panels_show(stack: Stack) -> str:
    """Every query of every panel finds series; how many there are."""
    known = set(stack.prometheus("metadata"))
    asked = found = 0
    for title, query in _queries():
        if title in _OF_TROUBLES:
            names = {re.sub(r"_total$", "", name) for name in re.findall(r"hva_[a-z_]+", query)}
            must(names <= {re.sub(r"_total$", "", name) for name in known}, f"{title}: nobody tells of {names}")
            stack.prometheus("query", query=query)
            continue
        result = until(f"panel {title!r} shows something: {query}", lambda query=query: _result(stack, query))
        asked, found = asked + 1, found + len(result)
    return f"{asked} queries, {found} series"


def _result(stack: Stack, query: str) -> list[object]:
    """The series that have a value."""
    result = stack.prometheus("query", query=query)["result"]
    return [series for series in result if series["value"][1] != "NaN"]


def _queries() -> Iterator[tuple[str, str]]:
    for path in sorted(_DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"]
                for name, value in _VARIABLES.items():
                    query = query.replace(name, value)
                must("$" not in query, f"an unknown variable: {query}")
                yield panel["title"], query
