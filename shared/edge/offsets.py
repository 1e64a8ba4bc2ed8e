"""Where the log ends, how far a group has come and what is left for it to read: what `hva wait` and lag are about."""

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
_FETCH_BYTES: Final = 64 * 1024  # of a partition: its first record is enough
_READ_S: Final = 3.0  # so long at most is a gap read for a record


def partitions_of(topics: Iterable[str]) -> list[TopicPartition]:
    """Every partition of the topics, all of which have the declared number."""
    return [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]


async def end_offsets(bootstrap: str, topics: Iterable[str]) -> Offsets:
    """The offset that the next record of each partition will get; records of open transactions stand before it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, client_id="hva-offsets")
    await consumer.start()
    try:
        return dict(await consumer.end_offsets(partitions_of(topics)))
    finally:
        await consumer.stop()


async def committed_offsets(admin: AIOKafkaAdminClient, group: str) -> Offsets:
    """The offset up to which a group has committed each partition; what it never committed is missing."""
    found = await admin.list_consumer_group_offsets(group)
    return {partition: meta.offset for partition, meta in found.items() if meta.offset >= 0}


@asynccontextmanager
async def committed_reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group that sees what every consumer of ours sees: committed records only."""
    tolerate_header_names()
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id="hva-unread",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # where the log begins later than a group has come
        isolation_level="read_committed",
        fetch_max_wait_ms=_POLL_MS,
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    await reader.start()
    await asyncio.sleep(0)  # its tasks begin: stop() raises CancelledError where one of them has not
    try:
        yield reader
    finally:
        await reader.stop()


async def unread(reader: AIOKafkaConsumer, done: Offsets, ends: Offsets, within: float = _READ_S) -> Offsets:
    """How many records a group that has committed `done` has left to read before `ends`, for each partition with some.

    Offsets alone do not tell: markers of transactions and aborted records have offsets that no consumer commits, and
    records that retention removed unread have them, too. So a gap between the offsets is read up to its first record;
    from there to the end every offset counts. Records of an open transaction count: they are waited for. What could not
    be read `within` seconds counts, too.
    """
    gaps = {place: done.get(place, 0) for place, end in ends.items() if done.get(place, 0) < end}
    if not gaps:
        return {}
    reader.assign(list(gaps))
    for place, offset in gaps.items():
        reader.seek(place, offset)
    first: dict[TopicPartition, int] = {}
    deadline = time.monotonic() + within
    while len(first) < len(gaps):
        late = time.monotonic() >= deadline
        found = await reader.getmany(timeout_ms=_POLL_MS)
        first |= {place: records[0].offset for place, records in found.items()}
        for place in gaps.keys() - first.keys():
            if (is_current := await _settled(reader, place, ends[place], late)) is not None:
                first[place] = is_current
        reader.pause(*first)
    return {place: ends[place] - offset for place, offset in first.items() if offset < ends[place]}


async def _settled(reader: AIOKafkaConsumer, place: TopicPartition, end: int, late: bool) -> int | None:
    """The offset from which on records are left of a partition that has shown none; None: reading it goes on."""
    highest, stable, position = reader.highwater(place), reader.last_stable_offset(place), await reader.position(place)
    if highest is not None and position >= min(end, highest):
        return end  # also where the topic was made anew and is shorter now
    at_open_transaction = stable is not None and position >= stable
    return int(position) if late or at_open_transaction else None
