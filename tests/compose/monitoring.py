"""Checks of alert rules and dashboards on the stack's Prometheus, after the services have processed events."""

import re

from tests.compose.scenario import require
from tests.compose.stack import Stack, wait_until
from tests.prometheus.boards import EMPTY_WITHOUT_FAULTS, Query, queries
from tests.prometheus.server import FILES


def check_rules(stack: Stack) -> str:
    """The output of `promtool test rules`: every alert fires exactly in the cases that expect it."""
    folder = "/etc/prometheus"
    promtool = ("exec", "-T", "prometheus", "promtool")
    stack.compose(*promtool, "check", "config", f"{folder}/prometheus.yml")
    files = [f"{folder}/tests/{path.name}" for path in sorted((FILES / "tests").glob("*.yml"))]
    output = stack.compose(*promtool, "test", "rules", *files)
    require("SUCCESS" in output, f"promtool: {output}")
    return re.sub(r"\s+", " ", output).strip()


def check_panels(stack: Stack) -> str:
    """Every query of every panel that cannot be empty finds series; returns the numbers of queries and series."""
    known = set(stack.prometheus("metadata"))
    counted = found = 0
    for query in queries():
        if query.title in EMPTY_WITHOUT_FAULTS:
            names = {re.sub(r"_total$", "", name) for name in re.findall(r"hva_[a-z_]+", query.expression)}
            require(
                names <= {re.sub(r"_total$", "", name) for name in known}, f"{query.title}: unknown metrics {names}"
            )
            stack.prometheus("query", query=query.expression)
            continue
        result = wait_until(
            f"panel {query.title!r} shows something: {query.expression}", lambda query=query: _result(stack, query)
        )
        counted, found = counted + 1, found + len(result)
    return f"{counted} queries, {found} series"


def _result(stack: Stack, query: Query) -> list[object]:
    """The series that have a value."""
    result = stack.prometheus("query", query=query.expression)["result"]
    return [series for series in result if series["value"][1] != "NaN"]
