"""The commit of ingest: dead letters, then merges of aliases, then events. Offsets are committed after all of them.

Events come last because writing them twice makes duplicate records, while dead letters are kept once and merges are
published once. So events are published again only when Kafka did not acknowledge all of them, or when the process ends
before the offsets are committed. Both are harmless.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)

from services.ingest.aliases import merge_of
from services.ingest.announced_aliases import AnnouncedAliases
from services.ingest.freshness import Freshness
from services.ingest.validate import Accepted
from shared.batch import Applied, ObserveStep
from shared.contracts.catalogue import PERSON
from shared.dead_letters import DeadLetter, DeadLetterCipher
from shared.edge.produce import Outgoing, publish
from shared.postgres.dead_letters import write_dead_letters

SCHEMA: Final = "ingest"

_FATAL: Final = (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping, OutOfOrderSequenceNumber)


class PublishCommit:
    """Publishes accepted events and keeps rejected records."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        pool: "asyncpg.Pool[asyncpg.Record]",
        cipher: DeadLetterCipher,
        topic_prefix: str,
        give_up: Callable[[str], None],
        observe: ObserveStep = lambda step, seconds: None,
    ) -> None:
        """`observe` gets the time of the step publish of each batch, in seconds."""
        self._producer, self._pool, self._cipher = producer, pool, cipher
        self._prefix, self._give_up, self._observe = topic_prefix, give_up, observe
        self._announced = AnnouncedAliases(pool)
        self.freshness = Freshness(topic_prefix)

    async def __call__(
        self, events: Sequence[Accepted], dead_letters: Sequence[DeadLetter], patience_s: float = 0.0
    ) -> Applied:
        """Publish and keep. Takes no lock, so `patience_s` has no meaning here."""
        if dead_letters:
            async with self._pool.acquire() as connection:
                await write_dead_letters(connection, SCHEMA, dead_letters, self._cipher)
            self.freshness.reject(dead_letters)
        started = perf_counter()
        await self.publish(events)
        self._observe("publish", perf_counter() - started)
        return Applied(len(events))

    async def publish(self, events: Sequence[Accepted]) -> None:
        """Publish the merges of aliases that are not published yet, then the events, each to its topic."""
        aliases = await self._announced.not_announced(alias for event in events for alias in event.aliases)
        await self._write([Outgoing(self._prefix + PERSON.name, *merge_of(alias)) for alias in aliases])
        await self._announced.remember(aliases)
        await self._write([Outgoing(self._prefix + event.topic, event.key, event.value) for event in events])
        self.freshness.accept(events)

    async def _write(self, records: Sequence[Outgoing]) -> None:
        """Publish records. A producer that lost its identity ends the process: only a new producer can continue
        without duplicating or losing records in its retries."""
        if not records:
            return
        try:
            await publish(self._producer, records)
        except _FATAL as error:
            self._give_up(f"the producer cannot continue: {type(error).__name__}")
            raise
