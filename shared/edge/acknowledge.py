"""Commits the offsets of a subscription: of every record that is durable and has only durable records before it.

Deliveries may become durable in another order than they came. The offsets of one are committed after those of all
earlier ones, so that a crash redelivers every record that is not durable.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError

from shared.record import Record

_COMMIT_TIMEOUT_S: Final = 10.0
_PAUSE_S: Final = 1.0

_logger: Final = logging.getLogger("hva.acknowledge")


class Delivery:
    """Records that were delivered together and are not acknowledged yet."""

    __slots__ = ("durable", "firsts", "nexts")

    def __init__(self, firsts: Mapping[TopicPartition, int], nexts: Mapping[TopicPartition, int]) -> None:
        """`firsts`: the offset of the first record of each partition; `nexts`: the offset after the last one."""
        self.firsts, self.nexts, self.durable = firsts, nexts, False


class Acknowledger:
    """The deliveries of one subscription that are not acknowledged yet."""

    def __init__(self) -> None:
        self._consumer: AIOKafkaConsumer | None = None
        self._open: deque[Delivery] = deque()
        self._ready: dict[TopicPartition, int] = {}
        self._generation = 0
        self._assigned = False
        self._committing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, consumer: AIOKafkaConsumer, records: Sequence[Record]) -> Delivery | None:
        """Begin a delivery that `consumer` returned last. Returns None if its records will come again, here or at
        another replica, because their partitions were revoked in the meantime. Raises errors of Kafka."""
        self._consumer = consumer
        generation, firsts, nexts = self._generation, dict[TopicPartition, int](), dict[TopicPartition, int]()
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            firsts.setdefault(partition, record.offset)
            nexts[partition] = record.offset + 1
        for partition, offset in nexts.items():
            try:
                nexts[partition] = await consumer.position(partition)
            except IllegalStateError:
                return None
            if nexts[partition] < offset:
                return None
        if generation != self._generation or not self._assigned:
            return None
        delivery = Delivery(firsts, nexts)
        self._open.append(delivery)
        return delivery

    def finish(self, delivery: Delivery) -> None:
        """Every record of the delivery is durable: commit its offsets soon."""
        delivery.durable = True
        self._commit_soon()

    def withdraw(self, delivery: Delivery | None) -> None:
        """The delivery, which is the last one, comes again."""
        if self._open and self._open[-1] is delivery:
            self._open.pop()

    def revoke(self) -> None:
        """Partitions are revoked: what is not acknowledged comes again, here or at another replica."""
        self._generation += 1
        self._assigned = False
        self._open.clear()
        self._ready.clear()
        # What was to be committed must not be committed as a member of the next generation.
        for task in self._tasks:
            task.cancel()

    def assign(self) -> None:
        """Partitions are assigned. Deliveries from now on begin after the committed offsets."""
        self.revoke()
        self._assigned = True

    def first_open(self, partition: TopicPartition) -> int | None:
        """Return the offset of the first record of a partition whose delivery is not acknowledged; None: no record."""
        return next((d.firsts[partition] for d in self._open if partition in d.firsts), None)

    async def commit(self) -> None:
        """Commit the offsets that can be committed. After an error of Kafka they are committed later."""
        await asyncio.wait([self._commit_soon()])

    async def _commit(self) -> None:
        async with self._committing:
            while self._open and self._open[0].durable:
                self._ready.update(self._open.popleft().nexts)
            if self._consumer is None or not self._ready:
                return
            assigned = self._consumer.assignment()
            ready = {partition: offset for partition, offset in self._ready.items() if partition in assigned}
            if not ready:
                return  # a rebalance is about to revoke them
            try:
                async with asyncio.timeout(_COMMIT_TIMEOUT_S):
                    await self._consumer.commit(ready)
            except (IllegalStateError, ConsumerStoppedError):
                return  # the partitions were revoked, or the service stops
            except (KafkaError, TimeoutError, OSError) as error:
                _logger.warning("offsets cannot be committed, trying again", extra={"kind": type(error).__name__})
                asyncio.get_running_loop().call_later(_PAUSE_S, self._commit_soon)
                return
            for partition, offset in ready.items():
                if self._ready.get(partition) == offset:
                    del self._ready[partition]

    def _commit_soon(self) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._commit())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
