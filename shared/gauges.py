"""Business gauges: the last published reading, swapped whole, so that a scrape never sees half of one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

LABELS: Final = ("county", "scope_level", "scope", "channel", "segment", "period")


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a gauge with its labels, in the order of LABELS and then the gauge's own."""

    gauge: str
    labels: tuple[str, ...]
    value: float


class GaugeBoard(Collector):
    """All business gauges of one service; `texts` gives each gauge its help text."""

    def __init__(self, texts: Mapping[str, str], registry: CollectorRegistry) -> None:
        self._texts = texts
        self._samples: tuple[Sample, ...] = ()
        registry.register(self)

    def show(self, samples: Iterable[Sample]) -> None:
        """Replace what is shown."""
        self._samples = tuple(samples)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family a gauge."""
        for name, text in self._texts.items():
            family = GaugeMetricFamily(name, text, labels=LABELS)
            for sample in self._samples:
                if sample.gauge == name:
                    family.add_metric(sample.labels, sample.value)
            yield family


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
