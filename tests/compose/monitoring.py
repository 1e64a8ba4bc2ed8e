"""Checks of alert rules and dashboards on the stack's Prometheus, after the services have processed events."""

import json
import re
from collections.abc import Iterator
from typing import Final

from tests.compose.resolved import PROJECT
from tests.compose.scenario import require
from tests.compose.stack import Stack, wait_until

_DASHBOARDS: Final = PROJECT / "deploy" / "grafana" / "dashboards"
_VARIABLES: Final = {"$county": ".+", "$period": "quarter_current"}
_PANELS_OF_FAULTS: Final = {"Failed commits", "Sender problems"}
"""Panels that are empty without faults; Prometheus must still know their metrics."""
_HIDDEN_IF_SMALL: Final = "hva_nps_"
"""Figures of which disclosure control may hide every row: few people answer in the data of this test."""


def check_rules(stack: Stack) -> str:
    """The output of `promtool test rules`: every alert fires exactly in the cases that expect it."""
    folder = "/etc/prometheus"
    promtool = ("exec", "-T", "prometheus", "promtool")
    stack.compose(*promtool, "check", "config", f"{folder}/prometheus.yml")
    output = stack.compose(*promtool, "test", "rules", f"{folder}/tests/alerts.yml")
    require("SUCCESS" in output, f"promtool: {output}")
    return re.sub(r"\s+", " ", output).strip()


def check_panels(stack: Stack) -> str:
    """Every query of every panel that cannot be empty finds series; returns the numbers of queries and series."""
    known = set(stack.prometheus("metadata"))
    queries = found = 0
    for title, query in _queries():
        if title in _PANELS_OF_FAULTS or _HIDDEN_IF_SMALL in query:
            names = {re.sub(r"_total$", "", name) for name in re.findall(r"hva_[a-z_]+", query)}
            require(names <= {re.sub(r"_total$", "", name) for name in known}, f"{title}: unknown metrics {names}")
            stack.prometheus("query", query=query)
            continue
        result = wait_until(f"panel {title!r} shows something: {query}", lambda query=query: _result(stack, query))
        queries, found = queries + 1, found + len(result)
    return f"{queries} queries, {found} series"


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
                require("$" not in query, f"an unknown variable: {query}")
                yield panel["title"], query
