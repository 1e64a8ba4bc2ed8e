"""The pipeline metrics of every service (docs/operations.md, Pages of a service).

Counters are incremented once per batch: an increment per event would cost as much as parsing the event.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class BulkHistogram(Collector):
    """A histogram that records many equal observations in one step: a batch of 1,000 events takes a few additions."""

    def __init__(self, name: str, text: str, registry: CollectorRegistry) -> None:
        self._name, self._text = name, text
        self._counts = [0] * (len(_SECONDS) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float, times: int = 1) -> None:
        """Record `times` observations of the same duration in seconds."""
        self._counts[bisect_left(_SECONDS, seconds)] += times
        self._sum += seconds * times

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the metric for Prometheus: cumulative buckets and the sum."""
        total, buckets = 0, []
        for bound, count in zip((*map(str, _SECONDS), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, total))
        family = HistogramMetricFamily(self._name, self._text)
        family.add_metric([], buckets=buckets, sum_value=self._sum)
        yield family


class PipelineMetrics:
    """The metrics of a service's pipeline from Kafka to its store."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._service = service
        self._records = Counter(
            "hva_records",
            "Records by outcome.",
            ["service", "topic", "outcome"],
            registry=registry,
        )
        self._conflicts = Counter(
            "hva_revision_conflicts",
            "Events with the revision of another event of the same business id, but other content.",
            ["service", "topic"],
            registry=registry,
        )
        self._left_out = Counter(
            "hva_unknown_fields", "Unknown fields that were dropped.", ["service", "topic"], registry=registry
        )
        self._dead_letters = Gauge("hva_dead_letters_open", "Open dead letters.", ["reason"], registry=registry)
        self._lag = Gauge(
            "hva_consumer_lag_records",
            "Records of a partition not yet consumed.",
            ["service", "topic", "partition"],
            registry=registry,
        )
        self._errors = Counter(
            "hva_commit_errors", "Failed attempts to commit a batch, by kind.", ["kind"], registry=registry
        )
        self.ready = Gauge("hva_ready", "1 when the service can do its work.", registry=registry)
        self.registers_wrong = Gauge(
            "hva_registers_wrong", "1 while the folder of registers is invalid after a change.", registry=registry
        )
        self._registers = Gauge(
            "hva_registers_info", "1 for the version of the registers in use.", ["version"], registry=registry
        )
        self._registers_outdated = Gauge(
            "hva_registers_outdated", "1 while the database holds other registers than those in use.", registry=registry
        )
        self._rebalances = Counter(
            "hva_rebalances",
            "Times that Kafka assigned partitions of a topic to this replica; the first one is its start.",
            ["service", "topic"],
            registry=registry,
        )
        self._delayed_counties = Gauge(
            "hva_delayed_counties",
            "Counties whose records wait, because another writer holds the county's lock or commits fail.",
            ["service", "topic"],
            registry=registry,
        )
        self.freshness = BulkHistogram("hva_freshness_seconds", "Time from acceptance to commit.", registry)
        self.batch_seconds = Histogram(
            "hva_batch_seconds", "Time of one batch, from decode to commit.", buckets=_SECONDS, registry=registry
        )
        self._steps = Summary("hva_batch_step_seconds", "Time of one step of a batch.", ["step"], registry=registry)
        self.batch_records = Histogram(
            "hva_batch_records",
            "Records of one batch.",
            buckets=(1, 3, 10, 30, 100, 300, 1000, 3000, 10_000),
            registry=registry,
        )

    def count(self, topic: str, outcome: str, records: int) -> None:
        """Add records of a topic to an outcome: applied, unchanged or rejected."""
        if records:
            self._records.labels(self._service, topic, outcome).inc(records)

    def conflicts(self, topic: str, events: int) -> None:
        """Add events with an equal revision but other content."""
        if events:
            self._conflicts.labels(self._service, topic).inc(events)

    def left_out(self, topic: str, fields: int) -> None:
        """Add unknown fields that were dropped."""
        if fields:
            self._left_out.labels(self._service, topic).inc(fields)

    def step(self, step: str, seconds: float) -> None:
        """Record how long one step of a batch took."""
        self._steps.labels(step).observe(seconds)

    def rebalances(self, topic: str) -> Callable[[], None]:
        """Return a function that counts one assignment of partitions. The count of the topic is 0 from now on."""
        return self._rebalances.labels(self._service, topic).inc

    def delayed_counties(self, topic: str) -> Callable[[int], None]:
        """Return a function that sets how many counties of a topic wait. It is 0 from now on."""
        return self._delayed_counties.labels(self._service, topic).set

    def commit_error(self, kind: str) -> None:
        """Count one failed attempt to commit."""
        self._errors.labels(kind).inc()

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Set the lag of one partition."""
        self._lag.labels(self._service, topic, str(partition)).set(records)

    def forget_lag(self, topic: str, partitions: Iterable[int]) -> None:
        """Drop partitions that are no longer assigned, so that their last lag does not stay for ever."""
        for partition in partitions:
            self._lag.remove_by_labels({"service": self._service, "topic": topic, "partition": str(partition)})

    def register_version(self, version: str, *, outdated: bool) -> None:
        """Set the version of the registers in use, and whether the database holds another."""
        self._registers.clear()
        self._registers.labels(version).set(1)
        self._registers_outdated.set(outdated)

    def open_dead_letters(self, by_reason: dict[str, int]) -> None:
        """Set the number of open dead letters of each reason."""
        self._dead_letters.clear()
        for reason, dead_letters in by_reason.items():
            self._dead_letters.labels(reason).set(dead_letters)
