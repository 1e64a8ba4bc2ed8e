"""The dashboard of whoever runs the system: does it take in, keep up, and keep right?"""

from collections.abc import Sequence

from deploy.grafana.panels import Look, Panel, bars, lines, number

TITLE = "Operations"
UID = "hva-operations"
ABOUT = "Throughput, freshness, lag, dead letters and the state of Kafka and PostgreSQL."

_COUNT = Look("short", {}, base="text", decimals=0, least=0)
_RATE = Look("cps", {}, base="text", least=0)
_SECONDS = Look("s", {1: "yellow", 60: "red"}, least=0)
_NONE_IS_WELL = Look("short", {1: "red"}, decimals=0, least=0, nothing="unknown")
_UP = Look("short", {1: "green"}, base="red", decimals=0, least=0)
_QUIET = Look("short", {1: "yellow", 10: "red"}, decimals=0, least=0, nothing="none, if services answer")


def rows() -> dict[str, Sequence[Panel]]:
    """Panels by the titles of their rows."""
    return {
        "Now": _now(),
        "From the sources to the figures": _flow(),
        "What went wrong": _troubles(),
        "Kafka": _kafka(),
        "PostgreSQL": _postgres(),
    }


def _now() -> list[Panel]:
    return [
        number(
            "Replicas that work",
            "Replicas of each service that answer and can do their work. 0 is red; nothing means "
            "that Prometheus reaches none.",
            Look("short", {1: "green"}, base="red", decimals=0, least=0, nothing="none answers"),
            "sum by (job) (hva_ready)",
            "{{job}}",
            width=8,
        ),
        number(
            "Records that wait",
            "Records that no group has committed yet, over all topics, as the broker knows it.",
            Look("short", {1000: "yellow", 10_000: "red"}, decimals=0, least=0, nothing="unknown"),
            "sum(group:hva_kafka_group_lag_records:sum)",
        ),
        number(
            "Slowest freshness",
            "99 of 100 events of the last 5 minutes were in the figures within this time after their "
            "acceptance; of the slowest service.",
            Look("s", {1: "yellow", 60: "red"}, least=0, nothing="no events"),
            "max(job:hva_freshness_seconds:p99_5m)",
        ),
        number(
            "Open dead letters",
            "Rejected records that wait for a person or for a new register.",
            _NONE_IS_WELL,
            "sum(job:hva_dead_letters_open:max) or 0 * sum(hva_ready)",
        ),
        number(
            "Wrong figures",
            "Facts and stored figures that the last audit or replay found wrong, over all families. Always 0.",
            Look("short", {1: "red"}, decimals=0, least=0, nothing="unknown"),
            "sum(max by (job) (hva_wrong_cells))",
        ),
    ]


def _flow() -> list[Panel]:
    return [
        lines(
            "Records by outcome",
            "Records a second. Applied: changed something. Unchanged: known already, or a loser. "
            "Rejected: a dead letter.",
            _RATE,
            {"{{job}} {{outcome}}": "job:hva_records:rate5m"},
            width=12,
        ),
        lines(
            "Freshness",
            "From acceptance to the figures, of the events of the last 5 minutes: the median, and what 99 of 100 kept.",
            _SECONDS,
            {
                "{{job}} median": "job:hva_freshness_seconds:p50_5m",
                "{{job}} 99 %": "job:hva_freshness_seconds:p99_5m",
            },
            width=12,
        ),
        lines(
            "Lag",
            "Records of a topic that a group has not committed. It should come back to 0 after every wave.",
            Look("short", {1000: "yellow", 10_000: "red"}, decimals=0, least=0, nothing="unknown"),
            {"{{group}}": "group:hva_kafka_group_lag_records:sum"},
        ),
        lines(
            "Batch size",
            "Records of one batch, on average. Small while all is quiet, large in a backlog.",
            _COUNT,
            {
                "{{job}}": "sum by (job) (rate(hva_batch_records_sum[5m]))"
                " / (sum by (job) (rate(hva_batch_records_count[5m])) > 0)"
            },
        ),
        lines(
            "Batch time",
            "Decode to commit of one batch: what 99 of 100 kept.",
            _SECONDS,
            {"{{job}} 99 %": "histogram_quantile(0.99, sum by (job, le) (rate(hva_batch_seconds_bucket[5m])))"},
        ),
    ]


def _troubles() -> list[Panel]:
    return [
        bars(
            "Dead letters by reason",
            "Open ones, by the service that rejected them. docs/events.md says what each reason means.",
            _QUIET,
            "sum by (job, reason) (job:hva_dead_letters_open:max)",
            "{{job}} {{reason}}",
            width=8,
        ),
        lines(
            "Failed commits",
            "Attempts that failed in 5 minutes, by error. Each is tried again; nothing is lost.",
            _QUIET,
            {"{{job}} {{kind}}": "sum by (job, kind) (increase(hva_commit_errors_total[5m]))"},
        ),
        lines(
            "Senders to talk to",
            "In an hour: fields that were left out, and events that have the same revision as "
            "another with other content.",
            _QUIET,
            {
                "unknown fields {{topic}}": "sum by (topic) (increase(hva_unknown_fields_total[1h]))",
                "conflicts {{topic}}": "sum by (topic) (increase(hva_revision_conflicts_total[1h]))",
            },
        ),
    ]


def _kafka() -> list[Panel]:
    return [
        number("Kafka", "1 when the broker answered the last look.", _UP, "hva_kafka_up", width=3),
        number("Brokers", "Brokers of the cluster.", _UP, "hva_kafka_brokers", width=3),
        number(
            "Without a leader",
            "Partitions that can be neither read nor written now.",
            _NONE_IS_WELL,
            "sum(hva_kafka_offline_partitions)",
            width=3,
        ),
        number(
            "Without a replica",
            "Partitions that lack a replica: one more failure may lose events.",
            _NONE_IS_WELL,
            "sum(hva_kafka_under_replicated_partitions)",
            width=3,
        ),
        lines(
            "Records written",
            "Records a second that reach each topic.",
            _RATE,
            {"{{topic}}": "clamp_min(deriv(topic:hva_kafka_end_offset:sum[5m]), 0)"},
            width=12,
        ),
    ]


def _postgres() -> list[Panel]:
    return [
        number("PostgreSQL", "1 when the database answered the last look.", _UP, "hva_postgres_up", width=3),
        number(
            "Database size",
            "On disk. It grows with the facts; figures take next to nothing.",
            Look("bytes", {}, base="text", nothing="unknown"),
            "hva_postgres_database_bytes",
            width=3,
        ),
        number(
            "Oldest transaction",
            "Minutes are unusual: someone holds the database up, or counts the cells of a large year.",
            Look("s", {60: "yellow", 600: "red"}, decimals=0, least=0, nothing="unknown"),
            "hva_postgres_oldest_transaction_seconds",
            width=3,
        ),
        number(
            "Connections in use",
            "Share of the connections that the server allows.",
            Look("percentunit", {0.6: "yellow", 0.8: "red"}, decimals=0, least=0, most=1, nothing="unknown"),
            "sum(hva_postgres_connections) / max(hva_postgres_connections_max)",
            width=3,
        ),
        lines(
            "Transactions",
            "Transactions a second. One rolled back was tried again.",
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
