"""Checks of alert rules and dashboards on the stack's Prometheus, after the services have processed events."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import asyncpg

from tests.compose.resolved import PROJECT
from tests.compose.scenario import require
from tests.compose.stack import Stack, wait_until

_DASHBOARDS: Final = PROJECT / "deploy" / "grafana" / "dashboards"
_PANELS_OF_FAULTS: Final = {"Failed commits", "Sender problems"}
"""Panels that are empty without faults; Prometheus must still know their metrics."""
_SHOWN: Final = """
select exists (select from report.nps where not suppressed and scope_level = $1 and period = $2
                 and channel = 'all' and segment = 'all')
"""
_LEVEL: Final = re.compile(r'hva_nps_.*scope_level="(\w+)"')


def check_rules(stack: Stack) -> str:
    """The output of `promtool test rules`: every alert fires exactly in the cases that expect it."""
    folder = "/etc/prometheus"
    promtool = ("exec", "-T", "prometheus", "promtool")
    stack.compose(*promtool, "check", "config", f"{folder}/prometheus.yml")
    output = stack.compose(*promtool, "test", "rules", f"{folder}/tests/alerts.yml")
    require("SUCCESS" in output, f"promtool: {output}")
    return re.sub(r"\s+", " ", output).strip()


def check_panels(stack: Stack, today: date, last_day: date) -> str:
    """Every query of every panel that cannot be empty finds series; returns the numbers of queries and series.

    `last_day`: of the events. So few clients answer that disclosure control may hide NPS in every row of a level. Then,
    and only then, its panels are empty.
    """
    known = set(stack.prometheus("metadata"))
    period, quarter = _quarter(today, last_day)
    queries = found = 0
    for title, query in _queries(period):
        if title in _PANELS_OF_FAULTS:
            names = {re.sub(r"_total$", "", name) for name in re.findall(r"hva_[a-z_]+", query)}
            require(names <= {re.sub(r"_total$", "", name) for name in known}, f"{title}: unknown metrics {names}")
            stack.prometheus("query", query=query)
            continue
        level = _LEVEL.search(query)
        if level and not asyncio.run(_is_shown(stack.steward, level[1], quarter)):
            wait_until(f"panel {title!r} hides everything: {query}", lambda query=query: not _result(stack, query))
            continue
        result = wait_until(f"panel {title!r} shows something: {query}", lambda query=query: _result(stack, query))
        queries, found = queries + 1, found + len(result)
    return f"{queries} queries, {found} series"


def _quarter(today: date, last_day: date) -> tuple[str, str]:
    """The quarter with most of the events: as the gauges and as the tables call it."""
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    if (last_day - first).days >= 20:
        return "quarter_current", f"{first.year}Q{(first.month + 2) // 3}"
    before = first - timedelta(days=1)
    return "quarter_previous", f"{before.year}Q{(before.month + 2) // 3}"


async def _is_shown(dsn: str, level: str, quarter: str) -> bool:
    """Whether the published tables show NPS of a level in a quarter."""
    connection = await asyncpg.connect(dsn)
    try:
        return bool(await connection.fetchval(_SHOWN, level, quarter))
    finally:
        await connection.close()


def _result(stack: Stack, query: str) -> list[object]:
    """The series that have a value."""
    result = stack.prometheus("query", query=query)["result"]
    return [series for series in result if series["value"][1] != "NaN"]


def _queries(period: str) -> Iterator[tuple[str, str]]:
    variables = {"$county": ".+", "$period": period}
    for path in sorted(_DASHBOARDS.rglob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for query in (target["expr"] for target in panel.get("targets", ()) if "expr" in target):
                for name, value in variables.items():
                    query = query.replace(name, value)
                require("$" not in query, f"an unknown variable: {query}")
                yield panel["title"], query
