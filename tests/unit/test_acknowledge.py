"""Which offsets are committed, with an in-memory consumer: never beyond a record that is not durable."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from shared.edge import acknowledge
from shared.edge.acknowledge import Acknowledger
from shared.record import PlainRecord
from tests.replica import wait_until

P0, P1 = TopicPartition("t", 0), TopicPartition("t", 1)


class Consumer:
    """A consumer of two partitions."""

    def __init__(self, acknowledger: Acknowledger) -> None:
        self._acknowledger = acknowledger
        self.positions: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}
        self.commits: list[dict[TopicPartition, int]] = []
        self.failures: list[Exception] = []
        self.assign(P0, P1)

    def assign(self, *partitions: TopicPartition) -> None:
        """Revoke everything and assign these partitions, from their committed offsets on."""
        self._acknowledger.revoke()
        self.positions = {partition: self.committed.get(partition, 0) for partition in partitions}
        self._acknowledger.assign()

    def poll(self, partition: TopicPartition, count: int) -> list[PlainRecord]:
        first = self.positions[partition]
        self.positions[partition] += count
        return [PlainRecord("t", partition.partition, first + n, 0, None, b"") for n in range(count)]

    def assignment(self) -> set[TopicPartition]:
        return set(self.positions)

    async def position(self, partition: TopicPartition) -> int:
        await asyncio.sleep(0)
        if partition not in self.positions:
            raise IllegalStateError
        return self.positions[partition]

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        assert offsets and offsets.keys() <= self.positions.keys()
        self.commits.append(offsets)
        self.committed.update(offsets)


@pytest.fixture
def acknowledger() -> Acknowledger:
    return Acknowledger()


@pytest.fixture
def consumer(acknowledger: Acknowledger) -> Any:
    return Consumer(acknowledger)


async def test_offsets_are_committed_in_the_order_of_deliveries(acknowledger: Acknowledger, consumer: Any) -> None:
    first = await acknowledger.begin(consumer, consumer.poll(P0, 2))
    second = await acknowledger.begin(consumer, consumer.poll(P0, 3) + consumer.poll(P1, 1))
    assert first and second
    acknowledger.finish(second)
    await acknowledger.commit()
    assert (consumer.commits, acknowledger.first_open(P0), acknowledger.first_open(P1)) == ([], 0, 0)
    acknowledger.finish(first)
    await acknowledger.commit()
    assert (consumer.committed, acknowledger.first_open(P0)) == ({P0: 5, P1: 1}, None)


async def test_withdrawn_delivery_is_not_committed(acknowledger: Acknowledger, consumer: Any) -> None:
    first = await acknowledger.begin(consumer, consumer.poll(P0, 2))
    acknowledger.withdraw(await acknowledger.begin(consumer, consumer.poll(P0, 2)))
    assert first
    acknowledger.finish(first)
    await acknowledger.commit()
    assert consumer.committed == {P0: 2}


async def test_delivery_of_revoked_partitions_is_not_committed(acknowledger: Acknowledger, consumer: Any) -> None:
    before = await acknowledger.begin(consumer, consumer.poll(P0, 2))
    consumer.assign(P0)
    again = await acknowledger.begin(consumer, consumer.poll(P0, 2))
    assert before and again
    acknowledger.finish(before)
    await acknowledger.commit()
    assert consumer.commits == []
    acknowledger.finish(again)
    await acknowledger.commit()
    assert consumer.committed == {P0: 2}


async def test_records_polled_before_a_rebalance_are_dropped_after_it(
    acknowledger: Acknowledger, consumer: Any
) -> None:
    """The records before them were forgotten and come again, so their offset must not be committed."""
    assert await acknowledger.begin(consumer, consumer.poll(P0, 2))
    polled, elsewhere = consumer.poll(P0, 2), consumer.poll(P1, 1)
    consumer.assign(P0)
    assert await acknowledger.begin(consumer, polled) is None
    assert await acknowledger.begin(consumer, elsewhere) is None


async def test_delivery_does_not_begin_during_a_rebalance(acknowledger: Acknowledger, consumer: Any) -> None:
    """The consumer still has its positions between the two calls of the listener."""
    polled = consumer.poll(P0, 2)
    acknowledger.revoke()
    assert await acknowledger.begin(consumer, polled) is None


async def test_rebalance_while_a_delivery_begins_drops_it(acknowledger: Acknowledger, consumer: Any) -> None:
    beginning = asyncio.create_task(acknowledger.begin(consumer, consumer.poll(P0, 2)))
    await asyncio.sleep(0)
    consumer.committed[P0] = 2  # so that its position alone shows nothing
    consumer.assign(P0)
    assert await beginning is None


async def test_failed_commit_is_tried_again(
    acknowledger: Acknowledger, consumer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledge, "_PAUSE_S", 0.001)
    consumer.failures = [CommitFailedError(), TimeoutError()]
    delivery = await acknowledger.begin(consumer, consumer.poll(P0, 2))
    assert delivery
    acknowledger.finish(delivery)
    await acknowledger.commit()
    await wait_until(lambda: consumer.committed == {P0: 2}, "the commit succeeds")


async def test_offset_that_could_not_be_committed_is_forgotten_when_it_is_revoked(
    acknowledger: Acknowledger, consumer: Any
) -> None:
    """Else it would be committed when the partition comes back, behind what another replica committed meanwhile."""
    consumer.failures = [CommitFailedError()]
    delivery = await acknowledger.begin(consumer, consumer.poll(P0, 2))
    assert delivery
    acknowledger.finish(delivery)
    await acknowledger.commit()
    consumer.assign(P1)
    consumer.committed[P0] = 9
    consumer.assign(P0, P1)
    other = await acknowledger.begin(consumer, consumer.poll(P1, 1))
    assert other
    acknowledger.finish(other)
    await acknowledger.commit()
    assert consumer.committed == {P0: 9, P1: 1}
