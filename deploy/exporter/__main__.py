"""`python -m deploy.exporter`: looks at Kafka and PostgreSQL every few seconds and serves what it saw.

What does not answer is told as such (`hva_kafka_up`, `hva_postgres_up`); the exporter itself goes on. It is ready
once it has looked, whatever it saw: an alarm about a server must not depend on that server.
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

_EVERY_S: Final = 10.0
_WITHIN_S: Final = 10.0
_log = set_up_logging("exporter", "INFO")


class Snapshot(Collector):
    """What the last look found, whole: nothing of an older one stays."""

    def __init__(self) -> None:
        self._kafka: kafka.KafkaSnapshot | None = None
        self._postgres: postgres.PostgresSnapshot | None = None

    async def look(self, connection: Connection) -> None:
        """Look at both at once."""
        self._kafka, self._postgres = await asyncio.gather(
            _seen("Kafka", lambda: kafka.look(connection.kafka), known=self._kafka is not None),
            _seen("PostgreSQL", lambda: postgres.look(connection.postgres_steward), known=self._postgres is not None),
        )

    def collect(self) -> Iterator[Metric]:
        """What Prometheus sees."""
        yield from kafka.metric_families(self._kafka)
        yield from postgres.metric_families(self._postgres)


async def _seen(server: str, look: Callable[[], Awaitable[T]], *, known: bool) -> T | None:
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await look()
    except (OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if known:
            _log.warning(f"{server} does not answer", extra={"kind": type(error).__name__})
        return None


async def run(env: Mapping[str, str]) -> None:
    """Look and serve until SIGTERM or SIGINT. Raises NotSoError where the settings are wrong."""
    connection, stopping = resolve(env=env), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    registry, health, snapshot = CollectorRegistry(), Health(("first look",)), Snapshot()
    registry.register(snapshot)
    server = HealthServer(health, registry, env.get("HVA_METRICS_HOST", ""), int(env.get("HVA_METRICS_PORT") or 0))
    server.start()
    _log.info("started", extra={"port": server.port})
    while not stopping.is_set():
        await snapshot.look(connection)
        health.tick()
        health.set_ok("first look")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _EVERY_S)
    server.stop()


if __name__ == "__main__":
    try:
        asyncio.run(run(os.environ))
    except VerbError as error:
        sys.exit(f"exporter cannot start: {error}")
