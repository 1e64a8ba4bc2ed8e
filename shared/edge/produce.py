"""Writes canonical records: keyed, idempotent, acknowledged by all replicas before anything is committed.

This module builds one batch per partition instead of one send per record: the client's own path costs about
25 microseconds per record, most of it for futures and the partitioner in Python.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from random import randrange
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from shared.contracts.catalogue import PARTITIONS

BATCH_BYTES: Final = 512 * 1024


class Outgoing(NamedTuple):
    """A record to write. Records without a key are spread over the partitions in turn."""

    topic: str
    key: bytes | None
    value: bytes


@lru_cache(maxsize=200_000)
def partition_of(key: bytes) -> int:
    """Return the partition of a key: murmur2, as Kafka's Java clients compute it."""
    return int((murmur2(key) & 0x7FFFFFFF) % PARTITIONS)


def make_producer(bootstrap: str, client_id: str, transactional: str | None = None) -> AIOKafkaProducer:
    """Make a producer whose retries cannot lose or duplicate a record. Call start() before use.

    With a transactional id it writes only in transactions, and no more after another producer with that id has started.
    """
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        transactional_id=transactional,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        linger_ms=0,
        request_timeout_ms=30_000,
    )


async def publish(producer: AIOKafkaProducer, records: Iterable[Outgoing]) -> None:
    """Write all records and wait for every acknowledgement. The order of records with the same key is kept.

    Raises the first error only after every batch has finished, so that nothing is in flight when the caller retries.
    """
    by_partition: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
    for number, record in enumerate(records, randrange(PARTITIONS)):
        partition = number % PARTITIONS if record.key is None else partition_of(record.key)
        by_partition[record.topic, partition].append(record)
    results = await asyncio.gather(
        *(_publish_partition(producer, *target, batch) for target, batch in by_partition.items()),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _publish_partition(producer: AIOKafkaProducer, topic: str, partition: int, records: list[Outgoing]) -> None:
    batch = producer.create_batch()
    for record in records:
        if batch.append(timestamp=None, key=record.key, value=record.value) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(timestamp=None, key=record.key, value=record.value)  # the first always fits
    batch.close()
    await (await producer.send_batch(batch, topic, partition=partition))
