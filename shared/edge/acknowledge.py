"""Commits the offsets of a subscription: of every record that is durable and has only durable records before it.

Deliveries may become durable in another order than they came. The offsets of one are committed after those of all
earlier ones, so that a crash redelivers every record that is not durable. After a rebalance everything that was not
committed comes again, here or at another replica, so earlier deliveries are forgotten then.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError

from shared.edge.consumer import Polled

_COMMIT_TIMEOUT_S: Final = 10.0
_PAUSE_S: Final = 1.0

_logger: Final = logging.getLogger("hva.acknowledge")


class Consumer(Protocol):
    """What is needed of a WaitingConsumer."""

    polled: Polled

    @property
    def current_assignment(self) -> object: ...
    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None: ...


class Delivery:
    """Records that were polled together and are not acknowledged yet."""

    __slots__ = ("durable", "firsts", "nexts")

    def __init__(self, polled: Polled) -> None:
        self.firsts, self.nexts, self.durable = polled.firsts, polled.nexts, False


class Acknowledger:
    """The deliveries of one subscription that are not acknowledged yet, all of one assignment."""

    def __init__(self) -> None:
        self._consumer: Consumer | None = None
        self._assignment: object = None
        self._revoked: object = None
        self._open: deque[Delivery] = deque()
        self._ready: dict[TopicPartition, int] = {}
        self._committing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, consumer: Consumer) -> Delivery | None:
        """Begin the delivery that `consumer` polled last. Returns None if it comes again, because of a rebalance."""
        polled = consumer.polled
        if polled.assignment is not consumer.current_assignment or polled.assignment is self._revoked:
            return None
        if polled.assignment is not self._assignment:
            self._forget()
        self._consumer, self._assignment = consumer, polled.assignment
        delivery = Delivery(polled)
        self._open.append(delivery)
        return delivery

    def finish(self, delivery: Delivery) -> None:
        """Every record of the delivery is durable: commit its offsets soon."""
        delivery.durable = True
        self._commit_soon()

    def withdraw(self, delivery: Delivery) -> None:
        """The delivery, which is the last one, comes again."""
        if self._open and self._open[-1] is delivery:
            self._open.pop()

    def revoke(self) -> None:
        """The partitions are being revoked: what is not acknowledged comes again, here or at another replica. A poll
        that has already returned must not begin a delivery, because what came before it is forgotten, and because a
        commit now would wait for the rebalance, and disturb it at its timeout."""
        self._revoked = self._consumer.current_assignment if self._consumer else None
        self._forget()

    def _forget(self) -> None:
        self._assignment = None
        self._open.clear()
        self._ready.clear()
        # What is being committed must not be committed as a member of the next generation.
        for task in self._tasks:
            task.cancel()

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
            if self._consumer is None or not self._ready or self._consumer.current_assignment is not self._assignment:
                return
            ready = dict(self._ready)
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
