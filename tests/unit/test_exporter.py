"""What the exporter reports of a look."""

from prometheus_client.core import Metric

from deploy.exporter import kafka, postgres
from tests.unit.exporter_cases import GROUP, KAFKA, LABELS, POSTGRES


def told(metric_families: "list[Metric]") -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in metric_families
        for sample in family.samples
    }


def test_kafka() -> None:
    seen = told(list(kafka.metric_families(KAFKA)))
    assert seen[("hva_kafka_up",)] == 1 and seen[("hva_kafka_brokers",)] == 3
    assert seen[("hva_kafka_under_replicated_partitions", "hva.feedback.v1")] == 1
    assert seen[("hva_kafka_under_replicated_partitions", "hva.segment.v1")] == 1
    assert seen[("hva_kafka_offline_partitions", "hva.feedback.v1")] == 0
    assert seen[("hva_kafka_offline_partitions", "hva.segment.v1")] == 1
    assert seen[("hva_kafka_end_offset", "0", "hva.feedback.v1")] == 150
    assert seen[("hva_kafka_group_lag_records", GROUP, "0", "hva.feedback.v1")] == 10
    assert seen[("hva_kafka_group_lag_records", LABELS, "3", "hva.segment.v1")] == 0


def test_what_does_not_answer_is_told_as_such_and_nothing_old_stays() -> None:
    assert told(list(kafka.metric_families(None))) == {("hva_kafka_up",): 0}
    assert told(list(postgres.metric_families(None))) == {("hva_postgres_up",): 0}


def test_postgres() -> None:
    seen = told(list(postgres.metric_families(POSTGRES)))
    assert seen == {
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
