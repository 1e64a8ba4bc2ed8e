"""The service most people would write first: FastStream, a pydantic model, one event a transaction.

Not ours in its promises either: it counts what a redelivery or a correction brings a second time. Run as
`python -m tests.bench.peers.naive <kafka> <dsn> <topic> <group>`.
"""

import asyncio
import sys
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel


class Event(BaseModel):
    """A canonical event as its reader sees it."""

    id: str
    source: str
    type: str
    time: datetime
    county: str
    data: dict[str, Any]


_FACT = """
insert into naive.fact values ($1, $2, $3, $4, $5, $6)
on conflict (county, id) do update set revision = excluded.revision, time = excluded.time, data = excluded.data
where fact.revision < excluded.revision
"""
_DAY = """
insert into naive.day values ($1, $2, $3, $4, 1)
on conflict (county, day, unit, type) do update set n = day.n + 1
"""


async def store(pool: "asyncpg.Pool[asyncpg.Record]", event: Event) -> None:
    """The fact and its day, in a transaction."""
    data = event.data
    id = data.get("response_id") or data.get("feedback_id") or data["invitation_id"]
    body = orjson.dumps(data).decode()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_FACT, event.county, id, event.type, data.get("revision", 1), event.time, body)
        unit = data.get("unit", "-")
        await connection.execute(_DAY, event.county, event.time.date(), unit, event.type)


async def main(kafka: str, dsn: str, topic: str, group: str) -> None:
    """Consume for ever."""
    broker = KafkaBroker(kafka, logger=None)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)

    @broker.subscriber(topic, group_id=group, auto_offset_reset="earliest", ack_policy=AckPolicy.ACK)
    async def on_event(event: Event) -> None:
        await store(pool, event)

    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
