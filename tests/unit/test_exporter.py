"""The metrics that the exporter derives from snapshots."""

from collections.abc import Iterable

from prometheus_client.core import Metric

from deploy.exporter import kafka, postgres
from tests.unit.exporter_cases import FEEDBACK_GROUP, KAFKA, POSTGRES, SEGMENT_GROUP


def samples(metric_families: Iterable[Metric]) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in metric_families
        for sample in family.samples
    }


def test_kafka_metrics_of_a_snapshot() -> None:
    found = samples(kafka.metric_families(KAFKA))
    assert found[("hva_kafka_up",)] == 1 and found[("hva_kafka_brokers",)] == 3
    assert found[("hva_kafka_under_replicated_partitions", "hva.feedback.v1")] == 1
    assert found[("hva_kafka_under_replicated_partitions", "hva.segment.v1")] == 1
    assert found[("hva_kafka_offline_partitions", "hva.feedback.v1")] == 0
    assert found[("hva_kafka_offline_partitions", "hva.segment.v1")] == 1
    assert found[("hva_kafka_end_offset", "0", "hva.feedback.v1")] == 150
    assert found[("hva_kafka_group_lag_records", FEEDBACK_GROUP, "0", "hva.feedback.v1")] == 10
    assert found[("hva_kafka_group_lag_records", SEGMENT_GROUP, "3", "hva.segment.v1")] == 0


def test_unavailable_server_has_only_its_up_metric() -> None:
    assert samples(kafka.metric_families(None)) == {("hva_kafka_up",): 0}
    assert samples(postgres.metric_families(None)) == {("hva_postgres_up",): 0}


def test_postgres_metrics_of_a_snapshot() -> None:
    found = samples(postgres.metric_families(POSTGRES))
    assert found == {
        ("hva_postgres_up",): 1,
        ("hva_postgres_connections", "hva_nps", "idle"): 3,
        ("hva_postgres_connections", "hva_nps", "active"): 1,
        ("hva_postgres_connections_max",): 100,
        ("hva_postgres_database_bytes",): 4096,
        ("hva_postgres_oldest_transaction_seconds",): 2.5,
        ("hva_postgres_transactions_total", "committed"): 7,
        ("hva_postgres_transactions_total", "rolled_back"): 2,
        ("hva_postgres_deadlocks_total",): 1,
    }
