"""The dashboard for operators: alerts, throughput, freshness, publication, errors and servers."""

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard

from deploy.grafana.alerts_panels import alert_list, firing_alerts
from deploy.grafana.board import fill, new_board
from deploy.grafana.label_values import OUTCOMES, STATES, STEPS, TRANSACTIONS
from deploy.grafana.prometheus_panels import (
    Column,
    Look,
    Panel,
    bars,
    chart,
    grid,
    in_line,
    number,
)
from deploy.grafana.promql import FAMILIES, SERVICES, by_job, growth_of, of_all, or_unknown, rate_of
from deploy.grafana.texts import Texts
from deploy.grafana.theme import AXIS_SECONDS, BYTES, MEASURES, SECONDS, Measure

NAME: Final = "operations"
COUNT, SHARE = MEASURES["count"], MEASURES["share"]
_NONE_IS_GOOD: Final = Look(bad_from=1)
_UP: Final = Look(bad_below=1)
_AGE: Final = Look(SECONDS, bad_from=3 * 3600)  # as the alert HvaPublicationOld
_FRESHNESS: Final = Look(Measure("s", 1, 0), bad_from=60, words={0: "no_events"})  # as HvaStale
_REGISTERS: Final = Look(
    bad_from=2, words={1: "registers_current", 2: "registers_outdated", 3: "registers_wrong", 4: "registers_wrong"}
)


def build(text: Texts) -> dashboard.Dashboard:
    """The dashboard in the language of the texts."""
    board = new_board(NAME, text, "now-3h", "10s")
    board.with_variable(dashboard.DatasourceVariable("source").label(text("source")).type("prometheus"))
    return fill(board, _rows(text))


def _rows(text: Texts) -> Mapping[str, Sequence[Panel]]:
    return {
        text("row_now"): [*_now(text), *in_line(alert_list(text), firing_alerts(text), widths=(8, 16))],
        text("row_flow"): _flow(text),
        text("row_publication"): _publication(text),
        text("row_problems"): _problems(text),
        text("row_kafka"): _kafka(text),
        text("row_postgres"): _postgres(text),
    }


def _per_second(text: Texts) -> Measure:
    return Measure(f"suffix:{text('records_per_second')}", 1, 0)


def _now(text: Texts) -> list[Panel]:
    ready = by_job("sum by (job) (hva_ready)", SERVICES)
    slowest = "max(job:hva_freshness_seconds:p99_5m >= 0) or vector(0)"  # without events in 5 minutes it is NaN
    dead_letters = "sum(job:hva_dead_letters_open:max) or vector(0)"
    return in_line(
        number(
            text,
            "alerts",
            _NONE_IS_GOOD,
            or_unknown('count(ALERTS{alertstate="firing"}) or 0 * sum(prometheus_rule_group_rules)'),
        ),
        number(text, "ready", _UP, ready, "{{job}}"),
        number(text, "waiting", Look(bad_from=10_000), or_unknown("sum(group:hva_kafka_group_lag_records:sum)")),
        number(text, "slowest", _FRESHNESS, of_all(slowest, "hva_ready", SERVICES)),
        number(text, "dead_letters", _NONE_IS_GOOD, of_all(dead_letters, "hva_ready", SERVICES)),
        widths=(4, 8, 4, 4, 4),
    )


def _flow(text: Texts) -> list[Panel]:
    batches = rate_of("hva_batch_seconds_count", "job")
    p99 = "histogram_quantile(0.99, sum by (job, le) (rate(hva_batch_seconds_bucket[5m])))"
    freshness = {
        f"{{{{job}}}} {text('median')}": "job:hva_freshness_seconds:p50_5m",
        "{{job}} 99 %": "job:hva_freshness_seconds:p99_5m",
    }
    return [
        *in_line(
            chart(
                text,
                "records",
                _per_second(text),
                {"{{job}} {{outcome}}": "job:hva_records:rate5m"},
                rows=12,
                words=OUTCOMES,
            ),
            chart(text, "freshness", AXIS_SECONDS, freshness, rows=8, logarithmic=True),
        ),
        *in_line(
            chart(text, "lag", COUNT, {"{{group}}": "group:hva_kafka_group_lag_records:sum"}, rows=11),
            chart(
                text,
                "batch_records",
                COUNT,
                {"{{job}}": f"{rate_of('hva_batch_records_sum', 'job')} / ({batches} > 0)"},
                rows=4,
            ),
        ),
        *in_line(
            chart(text, "batch_time", AXIS_SECONDS, {"{{job}} 99 %": p99}, rows=4, logarithmic=True),
            chart(
                text,
                "batch_steps",
                AXIS_SECONDS,
                {
                    "{{job}} {{step}}": f"{rate_of('hva_batch_step_seconds_sum', 'job, step')}"
                    f" / on (job) group_left () ({batches} > 0)"
                },
                rows=14,
                logarithmic=True,
                words=STEPS,
            ),
        ),
    ]


def _publication(text: Texts) -> list[Panel]:
    age = "min by (job, county) (hva_publication_age_seconds)"
    failures = "round(sum(increase(hva_publication_failures_total[1d])))"
    restated = "sum(max by (job, county) (hva_restated_values))"
    columns = [
        Column("age", by_job(age, FAMILIES), _AGE),
        Column("duration", "max by (job, county) (hva_publication_seconds)", Look(SECONDS)),
        Column("rows", "max by (job, county) (hva_publication_rows)", Look()),
        Column("hidden", "max by (job, county) (hva_publication_hidden_ratio)", Look(SHARE)),
        Column("restated_values", "max by (job, county) (hva_restated_values)", Look()),
    ]
    return [
        *in_line(
            number(text, "oldest", _AGE, of_all(f"max({age})", "hva_publication_age_seconds", FAMILIES)),
            number(text, "failed_publications", _NONE_IS_GOOD, of_all(failures, "hva_ready", FAMILIES)),
            number(text, "restated", Look(), of_all(restated, "hva_restated_values", FAMILIES)),
            number(
                text,
                "wrong",
                _NONE_IS_GOOD,
                of_all("sum(max by (job) (hva_wrong_cells))", "hva_wrong_cells", FAMILIES),
            ),
        ),
        *in_line(grid(text, "publications", ("county", "job"), columns, rows=6)),
        *in_line(
            chart(
                text,
                "publication_time",
                AXIS_SECONDS,
                {"{{county}} {{job}}": "max by (job, county) (hva_publication_seconds)"},
                rows=6,
            ),
            chart(
                text,
                "hidden_share",
                SHARE,
                {"{{county}} {{job}}": "max by (job, county) (hva_publication_hidden_ratio)"},
                rows=6,
            ),
        ),
    ]


def _problems(text: Texts) -> list[Panel]:
    reasons = by_job("sum by (job, reason) (job:hva_dead_letters_open:max)", SERVICES, metric="hva_ready")
    versions = (
        "max by (job, version) (hva_registers_info"
        " + on (job, instance) group_left () (hva_registers_outdated + 2 * hva_registers_wrong))"
    )
    sender = {
        f"{text('unknown_fields')} {{{{topic}}}}": growth_of("hva_unknown_fields_total", "topic", "1h"),
        f"{text('conflicts')} {{{{topic}}}}": growth_of("hva_revision_conflicts_total", "topic", "1h"),
    }
    return [
        *in_line(
            bars(text, "reasons", _NONE_IS_GOOD, reasons, ("job", "reason"), rows=10),
            grid(
                text,
                "registers",
                ("job", "version"),
                [Column("registers_state", by_job(versions, SERVICES), _REGISTERS)],
                rows=8,
            ),
        ),
        *in_line(
            chart(
                text,
                "failed_commits",
                COUNT,
                {"{{job}} {{kind}}": growth_of("hva_commit_errors_total", "job, kind", "5m")},
                rows=8,
            ),
            chart(text, "sender_problems", COUNT, sender, rows=8),
        ),
    ]


def _kafka(text: Texts) -> list[Panel]:
    written = "clamp_min(deriv(topic:hva_kafka_end_offset:sum[5m]), 0)"
    rebalances = growth_of("hva_rebalances_total", "job, topic", "5m")
    return [
        *in_line(
            number(text, "kafka", Look(bad_below=1, words={1: "up", 0: "down"}), or_unknown("min(hva_kafka_up)")),
            number(text, "brokers", _UP, or_unknown("max(hva_kafka_brokers)")),
            number(text, "leaderless", _NONE_IS_GOOD, or_unknown("sum(hva_kafka_offline_partitions)")),
            number(text, "replicas", _NONE_IS_GOOD, or_unknown("sum(hva_kafka_under_replicated_partitions)")),
        ),
        *in_line(
            chart(text, "written", _per_second(text), {"{{topic}}": written}, rows=8),
            chart(text, "rebalances", COUNT, {"{{job}} {{topic}}": rebalances}, rows=11),
        ),
    ]


def _postgres(text: Texts) -> list[Panel]:
    used = "sum(hva_postgres_connections) / max(hva_postgres_connections_max)"
    return [
        *in_line(
            number(text, "postgres", Look(bad_below=1, words={1: "up", 0: "down"}), or_unknown("min(hva_postgres_up)")),
            number(text, "size", Look(BYTES), or_unknown("max(hva_postgres_database_bytes)")),
            number(
                text,
                "oldest_transaction",
                Look(SECONDS, bad_from=600),
                or_unknown("max(hva_postgres_oldest_transaction_seconds)"),
            ),
            number(text, "connections_used", Look(SHARE, bad_from=0.8), or_unknown(used)),
        ),
        *in_line(
            chart(
                text,
                "transactions",
                Measure("suffix:/s", 1, 0),
                {"{{outcome}}": rate_of("hva_postgres_transactions_total", "outcome")},
                rows=2,
                words=TRANSACTIONS,
            ),
            chart(
                text,
                "connections",
                COUNT,
                {"{{role}} {{state}}": "sum by (role, state) (hva_postgres_connections)"},
                rows=14,
                words=STATES,
            ),
        ),
    ]
