"""The service most people would write first: FastStream, a pydantic model, one transaction per event.

It also gives weaker guarantees: it counts redelivered and corrected events twice. Run as
`python -m tests.bench.peers.naive <family> <kafka> <dsn> <topic> <group>`.
"""

import asyncio
import sys
from datetime import datetime
from typing import Any, Final

import asyncpg
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

from tests.bench.peers import naive_fcr, naive_nps, naive_segments

STORES: Final = {"nps": naive_nps.store, "fcr": naive_fcr.store, "segments": naive_segments.store}


class Event(BaseModel):
    """A canonical event."""

    id: str
    source: str
    type: str
    time: datetime
    county: str
    data: dict[str, Any]


async def main(family: str, kafka: str, dsn: str, topic: str, group: str) -> None:
    """Consume until the process is stopped."""
    store = STORES[family]
    broker = KafkaBroker(kafka, logger=None)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)

    @broker.subscriber(topic, group_id=group, auto_offset_reset="earliest", ack_policy=AckPolicy.ACK)
    async def on_event(event: Event) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await store(connection, event.county, event.type, event.time, event.data)

    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
