"""The commit of ingest: canonical records acknowledged, then dead letters; offsets come after both.

A crash between any two of the three delivers again: records on the canonical topics may be doubled, which is
harmless, and letters are kept once.
"""

from collections.abc import Callable, Sequence
from typing import Final

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)

from services.ingest.decode import Accepted
from shared.batch import Applied
from shared.edge.produce import Outgoing, publish
from shared.letters import Letter, Sealer
from shared.postgres.letters import write_letters

SCHEMA: Final = "ingest"

_FATAL: Final = (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping, OutOfOrderSequenceNumber)


class PublishCommit:
    """Publishes what was accepted and keeps what was rejected."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        pool: "asyncpg.Pool[asyncpg.Record]",
        sealer: Sealer,
        topic_prefix: str,
        give_up: Callable[[str], None],
    ) -> None:
        self._producer, self._pool, self._sealer = producer, pool, sealer
        self._prefix, self._give_up = topic_prefix, give_up

    async def __call__(self, events: Sequence[Accepted], letters: Sequence[Letter]) -> Applied:
        await self.publish(events)
        if letters:
            async with self._pool.acquire() as connection:
                await write_letters(connection, SCHEMA, letters, self._sealer)
        return Applied(len(events))

    async def publish(self, events: Sequence[Accepted]) -> None:
        """Write the events to their topics. A producer that lost its identity ends the process: only a new one
        can go on without doubling or losing by its own retries."""
        try:
            await publish(self._producer, [Outgoing(self._prefix + e.topic, e.key, e.value) for e in events])
        except _FATAL as error:
            self._give_up(f"the producer cannot go on: {type(error).__name__}")
            raise
