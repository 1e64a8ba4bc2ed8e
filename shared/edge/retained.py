"""Reads everything that Kafka retains of a topic again, beside the live consumers and outside their groups.

The records take the usual path. A record that is already applied changes nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer

from shared.contracts.catalogue import Topic
from shared.edge.consume import METADATA_MS
from shared.edge.offsets import Offsets, partitions_of
from shared.record import Record
from shared.settings import Settings

MAX_RECORDS: Final = 5000  # per batch: few round trips, and live batches run in between
_POLL_MS: Final = 200

RetainedHandler = Callable[[Sequence[Record]], Awaitable[None]]
"""Makes records durable."""


async def read_retained(settings: Settings, topic: Topic, handler: RetainedHandler) -> int:
    """Pass a topic's records, from the beginning to the current end, to `handler`; return their number.

    The consumer's position marks the end, because the last offsets may have no record: compaction leaves gaps, and
    every transaction has an offset without a record. Raises transient errors and what the handler raises.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        client_id=f"hva-{settings.service}-retained",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # also where retention deletes records before they are read
        isolation_level="read_committed",
        metadata_max_age_ms=METADATA_MS,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions_of([settings.topic_prefix + topic.name]))
        consumer.assign(list(ends))
        read = 0
        while not await _at_ends(consumer, ends):
            batch = await consumer.getmany(timeout_ms=_POLL_MS, max_records=MAX_RECORDS)
            records = [
                record for partition, part in batch.items() for record in part if record.offset < ends[partition]
            ]
            if records:
                await handler(records)
            read += len(records)
        return read
    finally:
        await consumer.stop()


async def _at_ends(consumer: AIOKafkaConsumer, ends: Offsets) -> bool:
    """Whether every partition is read to its end; the live consumers read what comes later."""
    done = [partition for partition, end in ends.items() if await consumer.position(partition) >= end]
    consumer.pause(*done)
    return len(done) == len(ends)
