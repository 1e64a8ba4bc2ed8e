"""Business gauges: published figures, replaced as a whole, so that a scrape never sees a mixture."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.clock import Clock, system_clock
from shared.postgres.pool import read_transaction
from shared.registers.calendar import local_day

if TYPE_CHECKING:
    import asyncpg

LABELS: Final = ("county", "scope_level", "scope", "channel", "segment", "period")
# A hidden row has no values. A share whose denominator is 0 has none either.
_READ: Final = """
select * from report.{view}
where period = any($1::text[]) and scope_level in ('county', 'division', 'result_area')
  and channel = 'all' and segment = 'all' and not suppressed
"""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge's help text, the view and column that it shows, and the keys of the view that are further labels."""

    text: str
    view: str
    column: str
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a gauge with its labels, in the order of LABELS and then the gauge's own."""

    gauge: str
    labels: tuple[str, ...]
    value: float


class PublishedGauges(Collector):
    """All business gauges of one service, by name. A job refreshes them after a publication; a scrape reads no
    database."""

    def __init__(self, gauges: Mapping[str, Gauge], registry: CollectorRegistry, clock: Clock = system_clock) -> None:
        self._gauges, self._clock = gauges, clock
        self._samples: tuple[Sample, ...] = ()
        registry.register(self)

    async def refresh(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Read the published figures of the shown periods and show them."""
        periods = shown_periods(local_day(self._clock()))
        samples: list[Sample] = []
        async with pool.acquire() as connection, read_transaction(connection):
            for view in sorted({gauge.view for gauge in self._gauges.values()}):
                rows = await connection.fetch(_READ.format(view=view), list(periods))
                samples += self._samples_of(view, map(dict, rows), periods)
        self._samples = tuple(samples)

    def _samples_of(self, view: str, rows: Iterable[dict[str, Any]], periods: Mapping[str, str]) -> Iterator[Sample]:
        shown = {name: gauge for name, gauge in self._gauges.items() if gauge.view == view}
        for row in rows:
            place = tuple((row | {"period": periods[row["period"]]})[label] for label in LABELS)
            for name, gauge in shown.items():
                if (value := row[gauge.column]) is not None:
                    yield Sample(name, place + tuple(str(row[key]) for key in gauge.further), value)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one metric family per gauge."""
        for name, gauge in self._gauges.items():
            family = GaugeMetricFamily(name, gauge.text, labels=(*LABELS, *gauge.further))
            for sample in self._samples:
                if sample.gauge == name:
                    family.add_metric(sample.labels, sample.value)
            yield family


def shown_periods(today: date) -> dict[str, str]:
    """The periods that gauges show, with their label `period`: `{'2026-11': 'month_current', ...}`."""
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
