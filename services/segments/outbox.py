"""The outbox: publishes pending histories of `segments.history` to the segment stream, and loses none.

A history is pending from the transaction that changed it until Kafka has acknowledged that version. One replica at a
time publishes, under a lease, which does not stop a replica that was frozen while it held the lease. Therefore the
producer is transactional and starts before the histories are read: when the next producer starts, Kafka fences the
previous one. So no older history follows a newer one, which matters because compaction keeps only the last.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from shared.contracts.segment import encode_history
from shared.edge.produce import Outgoing, publish
from shared.postgres.lock import Connection

_CHUNK: Final = 2000  # histories per transaction of Kafka
_PENDING: Final = """
select county, client, version, intervals from segments.history where pending order by county, client limit $1
"""
_MARK_PUBLISHED: Final = """
update segments.history h set pending = false
from unnest($1::text[], $2::text[], $3::bigint[]) published(county, client, version)
where h.county = published.county and h.client = published.client and h.version = published.version
"""
# Locks rows in key order, as all other writers of several rows do, to avoid deadlocks.
_ENQUEUE_ALL: Final = """
with chunk as (
  select county, client from segments.history where (county, client) > ($1, $2)
  order by county, client limit $3 for update
)
update segments.history h
set pending = true,
    version = case when $4 then greatest(h.version + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
                   else h.version end
from chunk where (h.county, h.client) = (chunk.county, chunk.client)
returning h.county, h.client
"""

MakeProducer = Callable[[], AIOKafkaProducer]


class Outbox:
    """Publishes pending histories."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", topic: str, make_producer: MakeProducer) -> None:
        self._pool, self._topic, self._make = pool, topic, make_producer
        self._producer: AIOKafkaProducer | None = None

    async def publish_pending(self) -> int:
        """Publish all pending histories; returns how many were published.

        Raises errors of Kafka and the database. What was not acknowledged stays pending.
        """
        published = 0
        async with self._pool.acquire() as connection:
            if not await connection.fetchval("select exists (select from segments.history where pending)"):
                return 0
            try:
                while count := await self._publish_chunk(connection):
                    published += count
            except BaseException:
                await self.close()
                raise
        return published

    async def enqueue_all(self, with_new_versions: bool) -> None:
        """Mark every history as pending, to rebuild the stream from the store. Readers ignore versions they know.

        `with_new_versions` raises the versions, because a restored database can have older ones than the stream.
        """
        last = ("", "")
        while rows := await self._pool.fetch(_ENQUEUE_ALL, *last, _CHUNK, with_new_versions):
            last = max((row["county"], row["client"]) for row in rows)

    async def close(self) -> None:
        """Stop the producer; the next publication starts a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _publish_chunk(self, connection: Connection) -> int:
        """Publish a chunk in one transaction of Kafka; returns the number of histories."""
        # Start before reading: a replica that loses the lease in between then has a fenced producer.
        producer = await self._get_producer()
        if rows := await connection.fetch(_PENDING, _CHUNK):
            async with producer.transaction():
                await publish(producer, (self._record(row) for row in rows))
            await self._mark_published(connection, rows)
        return len(rows)

    async def _mark_published(self, connection: Connection, rows: Sequence[Any]) -> None:
        columns = ([row[name] for row in rows] for name in ("county", "client", "version"))
        await connection.execute(_MARK_PUBLISHED, *columns)

    async def _get_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = self._make()
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    def _record(self, row: Any) -> Outgoing:
        value = encode_history(row["county"], row["client"], row["version"], orjson.loads(row["intervals"]))
        return Outgoing(self._topic, row["client"].encode(), value)
