"""Business gauges: the last published reading, swapped whole, so that a scrape never sees half of one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

MIN_SHOWN: Final = 10
"""Gauges are shown from here on; fewer could tell what one person did. What is hidden of a county must be so many
together, too: else it follows from the county less the divisions that are shown."""
LABELS: Final = ("county", "scope_level", "scope", "channel", "segment", "period")


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a gauge with its labels, in the order of LABELS and then the gauge's own."""

    gauge: str
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge's help text, and the labels that it has beside LABELS."""

    text: str
    further: tuple[str, ...] = ()


class GaugeBoard(Collector):
    """All business gauges of one service, by name."""

    def __init__(self, gauges: Mapping[str, Gauge], registry: CollectorRegistry) -> None:
        self._gauges = gauges
        self._samples: tuple[Sample, ...] = ()
        registry.register(self)

    def show(self, samples: Iterable[Sample]) -> None:
        """Replace what is shown."""
        self._samples = tuple(samples)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family a gauge."""
        for name, gauge in self._gauges.items():
            family = GaugeMetricFamily(name, gauge.text, labels=(*LABELS, *gauge.further))
            for sample in self._samples:
                if sample.gauge == name:
                    family.add_metric(sample.labels, sample.value)
            yield family


def showable(rows: Iterable[Mapping[str, Any]], population: str) -> list[Mapping[str, Any]]:
    """The counties with a large enough `population` (a column), and of their divisions those that give no smaller one
    away. Rows are of one channel and segment.
    """
    cells: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        cells[row["county"], row["period"], row["scope_level"]].append(row)
    return [row for cell in cells.values() for row in _without_small(cell, population)]


def _without_small(cell: list[Mapping[str, Any]], population: str) -> list[Mapping[str, Any]]:
    """Hide the small ones, and with them the next smallest until what is hidden is nothing or enough together."""
    left = sorted(cell, key=lambda row: (row[population], row["scope"]))
    hidden = 0
    while left and (left[0][population] < MIN_SHOWN or 0 < hidden < MIN_SHOWN):
        hidden += left.pop(0)[population]
    return left


def labels_of(row: Mapping[str, Any], period: str) -> tuple[str, ...]:
    """The values of LABELS for a row of a view."""
    return (row["county"], row["scope_level"], row["scope"], row["channel"], row["segment"], period)


def shown_periods(today: date) -> dict[str, str]:
    """The periods that gauges show, by the contract's label: `{'2026-11': 'month_current', ...}`."""
    month = today.replace(day=1)
    quarter = month.replace(month=3 * ((month.month - 1) // 3) + 1)
    return {
        _month(month): "month_current",
        _month(month - timedelta(days=1)): "month_previous",
        _quarter(quarter): "quarter_current",
        _quarter(quarter - timedelta(days=1)): "quarter_previous",
    }


def _month(day: date) -> str:
    return f"{day.year:04}-{day.month:02}"


def _quarter(day: date) -> str:
    return f"{day.year:04}Q{(day.month - 1) // 3 + 1}"
