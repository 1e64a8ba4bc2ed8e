"""The dashboard for operators: throughput, lag, freshness, errors and servers."""

from collections.abc import Sequence

from deploy.grafana.panels import Panel, Style, bars, lines, number

TITLE = "Operations"
UID = "hva-operations"
ABOUT = "Throughput, freshness, lag, dead letters and the state of Kafka and PostgreSQL."

_COUNT = Style("short", {}, base="text", decimals=0, minimum=0)
_RATE = Style("cps", {}, base="text", minimum=0)
_SECONDS = Style("s", {1: "yellow", 60: "red"}, minimum=0)
_ZERO_IS_GOOD = Style("short", {1: "red"}, decimals=0, minimum=0, no_value="unknown")
_UP = Style("short", {1: "green"}, base="red", decimals=0, minimum=0)
_ERRORS = Style("short", {1: "yellow", 10: "red"}, decimals=0, minimum=0, no_value="none, if services are reachable")


def rows() -> dict[str, Sequence[Panel]]:
    """Panels by row title."""
    return {
        "Now": _now(),
        "From the sources to the figures": _flow(),
        "Problems": _problems(),
        "Kafka": _kafka(),
        "PostgreSQL": _postgres(),
    }


def _now() -> list[Panel]:
    return [
        number(
            "Ready replicas",
            "Ready replicas of each service. 0 is red; no value means that Prometheus reaches no replica.",
            Style("short", {1: "green"}, base="red", decimals=0, minimum=0, no_value="none reachable"),
            "sum by (job) (hva_ready)",
            "{{job}}",
            width=8,
        ),
        number(
            "Waiting records",
            "Records in all topics that their groups have not committed yet, according to the broker.",
            Style("short", {1000: "yellow", 10_000: "red"}, decimals=0, minimum=0, no_value="unknown"),
            "sum(group:hva_kafka_group_lag_records:sum)",
        ),
        number(
            "Slowest freshness",
            "Time from acceptance to the figures, 99th percentile of the last 5 minutes, of the slowest service.",
            Style("s", {1: "yellow", 60: "red"}, minimum=0, no_value="no events"),
            "max(job:hva_freshness_seconds:p99_5m)",
        ),
        number(
            "Open dead letters",
            "Rejected records that wait for an operator or for a changed register.",
            _ZERO_IS_GOOD,
            "sum(job:hva_dead_letters_open:max) or 0 * sum(hva_ready)",
        ),
        number(
            "Wrong figures",
            "Facts and stored figures that the last audit or replay found wrong, in all families. Expected: 0.",
            Style("short", {1: "red"}, decimals=0, minimum=0, no_value="unknown"),
            "sum(max by (job) (hva_wrong_cells))",
        ),
    ]


def _flow() -> list[Panel]:
    return [
        lines(
            "Records by outcome",
            "Records per second. Applied: changed a fact. Unchanged: a duplicate, or of a smaller rank. "
            "Rejected: became a dead letter.",
            _RATE,
            {"{{job}} {{outcome}}": "job:hva_records:rate5m"},
            width=12,
        ),
        lines(
            "Freshness",
            "Time from acceptance to the figures in the last 5 minutes: median and 99th percentile.",
            _SECONDS,
            {
                "{{job}} median": "job:hva_freshness_seconds:p50_5m",
                "{{job}} 99 %": "job:hva_freshness_seconds:p99_5m",
            },
            width=12,
        ),
        lines(
            "Lag",
            "Records of a topic that a group has not committed. It should return to 0 after each peak.",
            Style("short", {1000: "yellow", 10_000: "red"}, decimals=0, minimum=0, no_value="unknown"),
            {"{{group}}": "group:hva_kafka_group_lag_records:sum"},
        ),
        lines(
            "Batch size",
            "Average number of records in a batch. Small at low load, large in a backlog.",
            _COUNT,
            {
                "{{job}}": "sum by (job) (rate(hva_batch_records_sum[5m]))"
                " / (sum by (job) (rate(hva_batch_records_count[5m])) > 0)"
            },
        ),
        lines(
            "Batch time",
            "Time from decoding to commit of a batch, 99th percentile.",
            _SECONDS,
            {"{{job}} 99 %": "histogram_quantile(0.99, sum by (job, le) (rate(hva_batch_seconds_bucket[5m])))"},
        ),
    ]


def _problems() -> list[Panel]:
    return [
        bars(
            "Dead letters by reason",
            "Open dead letters by service and reason. docs/events.md explains the reasons.",
            _ERRORS,
            "sum by (job, reason) (job:hva_dead_letters_open:max)",
            "{{job}} {{reason}}",
            width=8,
        ),
        lines(
            "Failed commits",
            "Failed attempts in 5 minutes, by error. Each is retried; no record is lost.",
            _ERRORS,
            {"{{job}} {{kind}}": "sum by (job, kind) (increase(hva_commit_errors_total[5m]))"},
        ),
        lines(
            "Sender problems",
            "In an hour: unknown fields that were left out, and events with the revision of another event but "
            "different content.",
            _ERRORS,
            {
                "unknown fields {{topic}}": "sum by (topic) (increase(hva_unknown_fields_total[1h]))",
                "conflicts {{topic}}": "sum by (topic) (increase(hva_revision_conflicts_total[1h]))",
            },
        ),
    ]


def _kafka() -> list[Panel]:
    return [
        number("Kafka", "1 when the broker answered the last check.", _UP, "hva_kafka_up", width=3),
        number("Brokers", "Brokers of the cluster.", _UP, "hva_kafka_brokers", width=3),
        number(
            "Without a leader",
            "Partitions that can be neither read nor written.",
            _ZERO_IS_GOOD,
            "sum(hva_kafka_offline_partitions)",
            width=3,
        ),
        number(
            "Without a replica",
            "Partitions that lack a replica: one more failure may lose events.",
            _ZERO_IS_GOOD,
            "sum(hva_kafka_under_replicated_partitions)",
            width=3,
        ),
        lines(
            "Records written",
            "Records per second written to each topic.",
            _RATE,
            {"{{topic}}": "clamp_min(deriv(topic:hva_kafka_end_offset:sum[5m]), 0)"},
            width=12,
        ),
    ]


def _postgres() -> list[Panel]:
    return [
        number("PostgreSQL", "1 when the database answered the last check.", _UP, "hva_postgres_up", width=3),
        number(
            "Database size",
            "Size on disk. It grows with the facts; figures need very little.",
            Style("bytes", {}, base="text", no_value="unknown"),
            "hva_postgres_database_bytes",
            width=3,
        ),
        number(
            "Oldest transaction",
            "Minutes are unusual: a session blocks others, or the cells of a large year are being counted.",
            Style("s", {60: "yellow", 600: "red"}, decimals=0, minimum=0, no_value="unknown"),
            "hva_postgres_oldest_transaction_seconds",
            width=3,
        ),
        number(
            "Connections in use",
            "Share of the connections that the server allows.",
            Style("percentunit", {0.6: "yellow", 0.8: "red"}, decimals=0, minimum=0, maximum=1, no_value="unknown"),
            "sum(hva_postgres_connections) / max(hva_postgres_connections_max)",
            width=3,
        ),
        lines(
            "Transactions",
            "Transactions per second. Rolled-back ones were retried.",
            _RATE,
            {"{{outcome}}": "sum by (outcome) (rate(hva_postgres_transactions_total[5m]))"},
            width=6,
        ),
        lines(
            "Connections",
            "By role and state.",
            _COUNT,
            {"{{role}} {{state}}": "sum by (role, state) (hva_postgres_connections)"},
            width=6,
        ),
    ]
