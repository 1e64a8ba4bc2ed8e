"""The commit of ingest: canonical records acknowledged, then dead letters; offsets come after both.

A crash between any two of the three delivers again: records on the canonical topics may be doubled, which is
harmless, and letters are kept once. Merges of aliases go out with the events that showed them.
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

from services.ingest.aliases import merge_of
from services.ingest.decode import Accepted
from services.ingest.told import Told
from shared.batch import Applied
from shared.contracts.catalogue import PERSON
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
        self._told = Told(pool)

    async def __call__(self, events: Sequence[Accepted], letters: Sequence[Letter]) -> Applied:
        await self.publish(events)
        if letters:
            async with self._pool.acquire() as connection:
                await write_letters(connection, SCHEMA, letters, self._sealer)
        return Applied(len(events))

    async def publish(self, events: Sequence[Accepted]) -> None:
        """Write the events to their topics, and merges of their aliases that were not told yet. A producer that lost
        its identity ends the process: only a new one can go on without doubling or losing by its own retries."""
        aliases = await self._told.untold(alias for event in events for alias in event.aliases)
        records = [(PERSON.name, *merge_of(alias)) for alias in aliases]
        records += [(event.topic, event.key, event.value) for event in events]
        try:
            await publish(self._producer, [Outgoing(self._prefix + topic, key, value) for topic, key, value in records])
        except _FATAL as error:
            self._give_up(f"the producer cannot go on: {type(error).__name__}")
            raise
        await self._told.remember(aliases)
