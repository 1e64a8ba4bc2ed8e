"""A snapshot of PostgreSQL: connections, size, transactions. The role `hva_monitor` can read no figure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from shared.postgres.connection import BoundedConnection

_CONNECT_TIMEOUT_S: Final = 5.0
_CONNECTIONS: Final = """
select usename::text as role, coalesce(state, 'unknown') as state, count(*) as connections,
  coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::double precision as oldest
from pg_stat_activity where datname = current_database() and usename is not null and pid <> pg_backend_pid()
group by usename, state
"""
_DATABASE: Final = """
select pg_database_size(datid) as bytes, current_setting('max_connections')::integer as max_connections,
  xact_commit as committed, xact_rollback as rolled_back, deadlocks
from pg_stat_database where datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class PostgresSnapshot:
    """Rows by role and state, and one row about the database."""

    connections: Sequence["asyncpg.Record"]
    database: "asyncpg.Record"


async def take_snapshot(dsn: str) -> PostgresSnapshot:
    """Read everything from the server. Raises the errors of the client when the server does not answer."""
    connection = await asyncpg.connect(
        dsn,
        timeout=_CONNECT_TIMEOUT_S,
        command_timeout=_CONNECT_TIMEOUT_S,
        connection_class=BoundedConnection,
        server_settings={"application_name": "hva-exporter"},
    )
    try:
        database = await connection.fetchrow(_DATABASE)
        assert database is not None  # the database that we are connected to
        return PostgresSnapshot(await connection.fetch(_CONNECTIONS), database)
    finally:
        connection.terminate()  # a server that hangs does not answer a graceful end


def metric_families(snapshot: PostgresSnapshot | None) -> Iterator[Metric]:
    """The metrics of a snapshot; None means that PostgreSQL did not answer."""
    up = GaugeMetricFamily("hva_postgres_up", "1 when PostgreSQL answered the last check.")
    up.add_metric([], int(snapshot is not None))
    yield up
    if snapshot is None:
        return
    connections = GaugeMetricFamily(
        "hva_postgres_connections", "Connections to the database.", labels=["role", "state"]
    )
    for row in snapshot.connections:
        connections.add_metric([row["role"], row["state"]], row["connections"])
    yield connections
    yield _gauge(
        "hva_postgres_connections_max", "Connections that the server allows.", snapshot.database["max_connections"]
    )
    yield _gauge("hva_postgres_database_bytes", "Size of the database on disk.", snapshot.database["bytes"])
    oldest = max((row["oldest"] for row in snapshot.connections), default=0.0)
    yield _gauge("hva_postgres_oldest_transaction_seconds", "Age of the oldest open transaction.", oldest)
    transactions = CounterMetricFamily("hva_postgres_transactions", "Finished transactions.", labels=["outcome"])
    for outcome in ("committed", "rolled_back"):
        transactions.add_metric([outcome], snapshot.database[outcome])
    yield transactions
    deadlocks = CounterMetricFamily("hva_postgres_deadlocks", "Deadlocks.")
    deadlocks.add_metric([], snapshot.database["deadlocks"])
    yield deadlocks


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
