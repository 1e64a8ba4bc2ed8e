"""Every Prometheus query of every dashboard, and every business gauge, on a real Prometheus that scrapes real services.

One run serves all checks: starting and loading it takes most of the time.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import asyncpg

from deploy.grafana.prometheus_panels import room
from services.fcr.metrics import GAUGES as FCR
from services.nps.metrics import GAUGES as NPS
from services.segments.metrics import GAUGES as SEGMENTS
from shared.gauges import LABELS, shown_periods
from tests.product import wait_until
from tests.prometheus.boards import EMPTY_WITHOUT_FAULTS, NOW, Query, queries
from tests.prometheus.conftest import COUNTY, TODAY, Monitored
from tests.prometheus.server import Prometheus, Series

_GAUGES: Final = {**NPS, **FCR, **SEGMENTS}
_FAULTS_HERE: Final = {"Sender problems"}
"""Panels that show the faults of the events that the fixture sends."""
_ALIVE: Final = {"Firing alerts", "What to do"}
"""Panels about Prometheus itself, which an outage of everything else does not stop."""


async def test_dashboards_and_gauges_show_a_run_and_its_outage(monitored: Monitored) -> None:
    prometheus = monitored.prometheus
    found = {query: await _answer(prometheus, query) for query in queries()}
    assert len(found) > 30
    for query, series in found.items():
        _check_labels(query, series)
        if query.panel["type"] == "timeseries":
            assert len(_of_panel(query, found)) <= room(query.panel["gridPos"]["h"]), f"{query.title}: a hidden legend"
    await _check_gauges(monitored)

    for replica in monitored.product.replicas:
        await replica.kill()
    await wait_until(lambda: prometheus.values("sum(up) == 1"), "only Prometheus itself is up")
    for query in _now():
        await wait_until(lambda query=query: _all_bad(prometheus, query), f"{query.title} is bad in an outage")


async def _answer(prometheus: Prometheus, query: Query) -> list[Series]:
    """The series of a query. It must have some, none of them NaN, unless there are none without faults."""
    if query.title in EMPTY_WITHOUT_FAULTS - _FAULTS_HERE:
        return prometheus.query(query.expression)

    def answer() -> list[Series]:
        series = prometheus.query(query.expression)
        shown = query.panel["type"] not in NOW or all(float(one["value"][1]) >= 0 for one in series)
        return series if series and shown else []

    series: list[Series] = await wait_until(answer, f"{query.title} shows something: {query.expression}")
    return series


def _check_labels(query: Query, series: list[Series]) -> None:
    for label in query.labels - {"name"}:
        assert all(label in one["metric"] for one in series), f"{query.title}: no label {label}"
    names = [tuple(one["metric"].get(label, "") for label in sorted(query.labels)) for one in series]
    assert len(set(names)) == len(names), f"{query.title}: two series with one name: {names}"


def _of_panel(query: Query, found: Mapping[Query, list[Series]]) -> list[Series]:
    return [one for other, series in found.items() if other.panel is query.panel for one in series]


def _now() -> Iterator[Query]:
    return (query for query in queries() if query.panel["type"] in NOW and query.title not in _ALIVE)


def _all_bad(prometheus: Prometheus, query: Query) -> bool:
    """Whether everything that the query shows is shown as bad; a column of a table may be empty beside a bad one."""
    values = prometheus.values(query.expression)
    if not values:
        return query.panel["type"] == "table" and query.target["refId"] != "A"
    return all(query.is_bad(value) for value in values)


async def _check_gauges(monitored: Monitored) -> None:
    """Every published value that a gauge shows is there, exactly, and nothing else."""
    expected = await _published(monitored)
    assert len(expected) > 50 and {name for name, _ in expected} == _GAUGES.keys()

    def difference() -> dict[Any, Any]:
        scraped = dict(_scraped(monitored.prometheus))
        return {key: (scraped.get(key), expected.get(key)) for key in scraped.keys() | expected.keys()}

    def equal() -> bool:
        return all(scraped == published for scraped, published in difference().values())

    await wait_until(equal, "gauges equal the published figures")


def _scraped(prometheus: Prometheus) -> Iterator[tuple[tuple[str, tuple[str, ...]], float]]:
    for name, gauge in _GAUGES.items():
        for series in prometheus.query(name):
            labels = (*LABELS, *gauge.further)
            yield (name, tuple(series["metric"][label] for label in labels)), float(series["value"][1])


async def _published(monitored: Monitored) -> dict[tuple[str, tuple[str, ...]], float]:
    """What the contract says of gauges, out of the published tables as a reader sees them."""
    labels = shown_periods(TODAY)
    reader = await asyncpg.connect(monitored.product.database.dsn("hva_reader"))
    try:
        found = {}
        for name, gauge in _GAUGES.items():
            for row in await reader.fetch(f"select * from report.{gauge.view} where county = $1", COUNTY):
                levels = ("county", "division", "result_area")
                if row["scope_level"] in levels and row["channel"] == row["segment"] == "all":
                    key = (*(row[label] for label in LABELS[:-1]), labels.get(row["period"], ""))
                    if key[-1] and row[gauge.column] is not None:
                        found[name, (*key, *(str(row[further]) for further in gauge.further))] = float(
                            row[gauge.column]
                        )
        return found
    finally:
        await reader.close()
