"""The segment stream: histories that wait in `segments.history` are put out, and none is ever lost.

A history waits from the transaction that changed it until Kafka has acknowledged that very version. One replica at a
time puts out, under a lock of the database; and since a lock does not stop who was frozen while he held it, the
producer is transactional and starts before the histories are read: when the next one starts, Kafka refuses the one
before. So no older history can come behind a newer one, which matters once compaction keeps only the last.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from shared.contracts.segment import encode_history
from shared.edge.produce import Outgoing, publish
from shared.postgres.lock import Connection

_CHUNK: Final = 2000  # histories a transaction
_LOCK: Final = 0x5E65  # of the one replica that puts out
_TAKE: Final = "select pg_try_advisory_xact_lock($1)"
_WAITING: Final = """
select county, client, version, intervals from segments.history where pending order by county, client limit $1
"""
_PUT_OUT: Final = """
update segments.history h set pending = false
from unnest($1::text[], $2::text[], $3::bigint[]) told(county, client, version)
where h.county = told.county and h.client = told.client and h.version = told.version
"""
# Rows are locked in the order of their keys, as everyone else does who writes several.
_TELL_AGAIN: Final = """
with told as (
  select county, client from segments.history where (county, client) > ($1, $2)
  order by county, client limit $3 for update
)
update segments.history h
set pending = true,
    version = case when $4 then greatest(h.version + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
                   else h.version end
from told where (h.county, h.client) = (told.county, told.client)
returning h.county, h.client
"""

MakeProducer = Callable[[], AIOKafkaProducer]


class Outbox:
    """What waits, put out."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", topic: str, make_producer: MakeProducer) -> None:
        self._pool, self._topic, self._make = pool, topic, make_producer
        self._producer: AIOKafkaProducer | None = None

    async def publish_pending(self) -> int:
        """Put out all that waits, unless another replica is at it; returns how many histories that were.

        Raises what Kafka or the database raise; what was not acknowledged waits for the next time.
        """
        done = 0
        async with self._pool.acquire() as connection:
            if not await connection.fetchval("select exists (select from segments.history where pending)"):
                return 0
            try:
                while some := await self._some(connection):
                    done += some
            except BaseException:
                await self.close()
                raise
        return done

    async def enqueue_all(self, with_new_versions: bool) -> None:
        """Let every history wait, so that the stream is rebuilt from the store; who has them ignores them.

        With `with_new_versions` they get greater versions: those of a restored database may be behind those of the
        stream.
        """
        last = ("", "")
        while rows := await self._pool.fetch(_TELL_AGAIN, *last, _CHUNK, with_new_versions):
            last = max((row["county"], row["client"]) for row in rows)

    async def close(self) -> None:
        """Stop the producer; the next time begins with a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _some(self, connection: Connection) -> int:
        """Put out a chunk, in one transaction: the time limit of an idle one frees the lock from who froze."""
        async with connection.transaction():
            if not await connection.fetchval(_TAKE, _LOCK):
                await self.close()  # another one's turn: its producer makes ours void
                return 0
            # Before the histories are read: whoever is relieved between the two has a producer that is void by then.
            producer = await self._started()
            if rows := await connection.fetch(_WAITING, _CHUNK):
                async with producer.transaction():
                    await publish(producer, (self._record(row) for row in rows))
                await self._done(connection, rows)
            return len(rows)

    async def _done(self, connection: Connection, rows: Sequence[Any]) -> None:
        columns = ([row[name] for row in rows] for name in ("county", "client", "version"))
        await connection.execute(_PUT_OUT, *columns)

    async def _started(self) -> AIOKafkaProducer:
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
