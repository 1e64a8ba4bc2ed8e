"""Everything that Kafka retains of a topic, read again beside the live consumers and without their groups.

What is read goes the way of every record, and whoever has it already is not changed by it.
"""

from typing import Final

from aiokafka import AIOKafkaConsumer

from shared.contracts.catalogue import Topic
from shared.edge.consume import METADATA_MS, BatchHandler
from shared.edge.offsets import Offsets, partitions_of
from shared.settings import Settings

MAX_AT_ONCE: Final = 5000  # records: few round trips, and live batches get their turn between
_POLL_MS: Final = 200


async def read_retained(settings: Settings, topic: Topic, handler: BatchHandler) -> int:
    """Give a topic's records from their beginnings up to their ends of now to `handler`; returns how many there were.

    Positions tell the end and not records: compaction leaves gaps, and every transaction an offset without a record.
    Raises what passes by itself, and what the handler raises.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        client_id=f"hva-{settings.service}-retained",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # also where retention overtakes the reading
        isolation_level="read_committed",
        metadata_max_age_ms=METADATA_MS,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions_of([settings.topic_prefix + topic.name]))
        consumer.assign(list(ends))
        read = 0
        while not await _at_ends(consumer, ends):
            batch = await consumer.getmany(timeout_ms=_POLL_MS, max_records=MAX_AT_ONCE)
            records = [record for place, some in batch.items() for record in some if record.offset < ends[place]]
            if records:
                await handler(records)
            read += len(records)
        return read
    finally:
        await consumer.stop()


async def _at_ends(consumer: AIOKafkaConsumer, ends: Offsets) -> bool:
    """Whether every partition is read; what comes later is left to the live consumers."""
    done = [place for place, end in ends.items() if await consumer.position(place) >= end]
    consumer.pause(*done)
    return len(done) == len(ends)
