"""Periodic checks of a running service: health of its dependencies, lag, open dead letters."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from shared.edge.acknowledge import Acknowledger
from shared.edge.consume import consumers
from shared.health import Health
from shared.metrics import PipelineMetrics
from shared.postgres.dead_letters import count_open
from shared.postgres.probe import PostgresProbe
from shared.settings import Settings

_PROBE_S: Final = 5.0
_READING_VALID_S: Final = 12.0  # a probe runs every 2 s and may take 5 s: /readyz reports a hang within 15 s

Task = Callable[[], Awaitable[None]]


def tick(health: Health) -> Task:
    """Report that the event loop runs."""

    async def run() -> None:
        health.tick()

    return run


def probe_postgres(probe: PostgresProbe, health: Health) -> Task:
    """Send PostgreSQL an empty query, and report on /readyz when it does not answer."""

    async def run() -> None:
        try:
            await probe.ask()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            health.set_problem("postgres", f"does not answer: {type(error).__name__}")
        else:
            health.set_ok("postgres", _READING_VALID_S)

    return run


def probe_kafka(broker: KafkaBroker, health: Health) -> Task:
    """Ask Kafka for its topics, and report on /readyz when it does not answer."""

    async def run() -> None:
        try:
            for consumer in consumers(broker)[:1]:
                async with asyncio.timeout(_PROBE_S):
                    await consumer.topics()
        except (OSError, TimeoutError, KafkaError) as error:
            health.set_problem("kafka", f"does not answer: {type(error).__name__}")
        else:
            health.set_ok("kafka", _READING_VALID_S)

    return run


def measure_lag(
    broker: KafkaBroker, acknowledgers: Mapping[str, Acknowledger], metrics: PipelineMetrics, settings: Settings
) -> Task:
    """Measure the records of every assigned partition that are not durable yet. `acknowledgers` are by topic name,
    without the prefix."""
    known: dict[str, set[int]] = {}

    async def run() -> None:
        for consumer in consumers(broker):
            for topic in consumer.subscription() or ():
                name = topic.removeprefix(settings.topic_prefix)
                assigned = await _lag(consumer, topic, acknowledgers[name], metrics, name)
                metrics.forget_lag(name, known.get(topic, set()) - assigned)
                known[topic] = assigned

    return run


async def _lag(
    consumer: AIOKafkaConsumer, topic: str, acknowledger: Acknowledger, metrics: PipelineMetrics, name: str
) -> set[int]:
    assigned = {partition for partition in consumer.assignment() if partition.topic == topic}
    for partition in assigned:
        end = consumer.highwater(partition)
        if end is None:
            continue  # nothing fetched yet
        with contextlib.suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(1.0):
                position = await consumer.position(partition)
                done = min(position, first) if (first := acknowledger.first_open(partition)) is not None else position
                metrics.lag(name, partition.partition, max(0, end - done))
    return {partition.partition for partition in assigned}


def count_dead_letters(pool: "asyncpg.Pool[asyncpg.Record]", settings: Settings, metrics: PipelineMetrics) -> Task:
    """Count open dead letters by reason, for the gauge."""

    async def run() -> None:
        async with pool.acquire() as connection:
            metrics.open_dead_letters(await count_open(connection, settings.service))

    return run
