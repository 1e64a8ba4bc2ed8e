"""`python -m deploy.exporter`: reads Kafka and PostgreSQL every 10 seconds and serves the result as metrics.

A server that does not answer is reported (`hva_kafka_up`, `hva_postgres_up`), and the exporter keeps running. It is
ready after its first attempt, even a failed one: an alert about a server must not depend on that server.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final, TypeVar

import asyncpg
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from deploy.exporter import kafka, postgres
from deploy.hva.context import Connection, VerbError, resolve
from shared.health import Health, HealthServer
from shared.logs import set_up_logging

T = TypeVar("T")

_INTERVAL_S: Final = 10.0
_TIMEOUT_S: Final = 10.0
_log = set_up_logging("exporter", "INFO")


class Snapshot(Collector):
    """The result of the last update only; values of earlier updates are dropped."""

    def __init__(self) -> None:
        self._kafka: kafka.KafkaSnapshot | None = None
        self._postgres: postgres.PostgresSnapshot | None = None

    async def update(self, connection: Connection) -> None:
        """Read both servers concurrently."""
        self._kafka, self._postgres = await asyncio.gather(
            _read_or_none(
                "Kafka",
                lambda: kafka.take_snapshot(connection.kafka, connection.topic_prefix),
                was_up=self._kafka is not None,
            ),
            _read_or_none(
                "PostgreSQL",
                lambda: postgres.take_snapshot(connection.postgres_steward),
                was_up=self._postgres is not None,
            ),
        )

    def collect(self) -> Iterator[Metric]:
        """The metrics of the last update."""
        yield from kafka.metric_families(self._kafka)
        yield from postgres.metric_families(self._postgres)


async def _read_or_none(server: str, take_snapshot: Callable[[], Awaitable[T]], *, was_up: bool) -> T | None:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await take_snapshot()
    except (OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if was_up:
            _log.warning(f"{server} does not answer", extra={"kind": type(error).__name__})
        return None


async def run(env: Mapping[str, str]) -> None:
    """Update and serve until SIGTERM or SIGINT. Raises VerbError when the settings are wrong."""
    connection, stopping = resolve(env=env), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    registry, health, snapshot = CollectorRegistry(), Health(("first look",)), Snapshot()
    registry.register(snapshot)
    server = HealthServer(health, registry, env.get("HVA_METRICS_HOST", ""), int(env.get("HVA_METRICS_PORT") or 0))
    server.start()
    _log.info("started", extra={"port": server.port})
    while not stopping.is_set():
        await snapshot.update(connection)
        health.tick()
        health.set_ok("first look")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _INTERVAL_S)
    server.stop()


if __name__ == "__main__":
    try:
        asyncio.run(run(os.environ))
    except VerbError as error:
        sys.exit(f"exporter cannot start: {error}")
