"""End offsets of the log, committed offsets of a group and its unread records, for `hva wait` and lag."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.catalogue import PARTITIONS
from shared.edge.header_names import tolerate_header_names

Offsets = Mapping[TopicPartition, int]

_POLL_MS: Final = 20
_FETCH_BYTES: Final = 64 * 1024  # per partition: its first record is enough
_READ_TIMEOUT_S: Final = 3.0  # how long to look for a record in a gap


def partitions_of(topics: Iterable[str]) -> list[TopicPartition]:
    """Return every partition of the topics, by the declared number."""
    return [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]


async def end_offsets(bootstrap: str, topics: Iterable[str]) -> Offsets:
    """Return the offset of the next record of each partition; open transactions lie before it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, client_id="hva-offsets")
    await consumer.start()
    try:
        return dict(await consumer.end_offsets(partitions_of(topics)))
    finally:
        await consumer.stop()


async def committed_offsets(admin: AIOKafkaAdminClient, group: str) -> Offsets:
    """Return the offset up to which a group has committed each partition, without those it never committed."""
    found = await admin.list_consumer_group_offsets(group)
    return {partition: meta.offset for partition, meta in found.items() if meta.offset >= 0}


@asynccontextmanager
async def committed_reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group that reads committed records only, as the services do."""
    tolerate_header_names()
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id="hva-unread",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # applies where the log begins after the group's offset
        isolation_level="read_committed",
        fetch_max_wait_ms=_POLL_MS,
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    await reader.start()
    await asyncio.sleep(0)  # lets its tasks begin: stop() raises CancelledError for a task that has not begun
    try:
        yield reader
    finally:
        await reader.stop()


async def unread(reader: AIOKafkaConsumer, done: Offsets, ends: Offsets, timeout_s: float = _READ_TIMEOUT_S) -> Offsets:
    """Count the records before `ends` that a group with committed offsets `done` has not read, per partition with any.

    Offsets alone are not enough: transaction markers, aborted records and records that retention removed unread have
    offsets that no consumer commits. So this reads a gap between the offsets up to its first record and counts every
    offset from there to the end. Records of an open transaction count, because the group still has to read them. A gap
    that could not be read within `timeout_s` seconds counts, too.
    """
    gaps = {partition: done.get(partition, 0) for partition, end in ends.items() if done.get(partition, 0) < end}
    if not gaps:
        return {}
    reader.assign(list(gaps))
    for partition, offset in gaps.items():
        reader.seek(partition, offset)
    first: dict[TopicPartition, int] = {}
    deadline = time.monotonic() + timeout_s
    while len(first) < len(gaps):
        timed_out = time.monotonic() >= deadline
        found = await reader.getmany(timeout_ms=_POLL_MS)
        first |= {partition: records[0].offset for partition, records in found.items()}
        for partition in gaps.keys() - first.keys():
            if (start := await _first_unread(reader, partition, ends[partition], timed_out)) is not None:
                first[partition] = start
        reader.pause(*first)
    return {partition: ends[partition] - offset for partition, offset in first.items() if offset < ends[partition]}


async def _first_unread(reader: AIOKafkaConsumer, partition: TopicPartition, end: int, timed_out: bool) -> int | None:
    """Return the first unread offset of a partition that has returned no record; None: keep reading."""
    highest, stable = reader.highwater(partition), reader.last_stable_offset(partition)
    position = await reader.position(partition)
    if highest is not None and position >= min(end, highest):
        return end  # also where the topic was created again and is shorter now
    at_open_transaction = stable is not None and position >= stable
    return int(position) if timed_out or at_open_transaction else None
