"""Which offsets are committed, with an in-memory consumer: never beyond a record that is not durable."""

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from shared.edge import acknowledge
from shared.edge.acknowledge import Acknowledger, Delivery
from shared.edge.consumer import Polled
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
        self.current_assignment: object = None
        self.assign(P0, P1)

    def assign(self, *partitions: TopicPartition, listener: bool = True) -> None:
        """Revoke everything and assign these partitions, from their committed offsets on."""
        if listener:
            self._acknowledger.revoke()
        self.positions = {partition: self.committed.get(partition, 0) for partition in partitions}
        self.current_assignment = object()

    def poll(self, *partitions: TopicPartition) -> "Consumer":
        """Two records of each partition."""
        firsts = {partition: self.positions[partition] for partition in partitions}
        nexts = {partition: first + 2 for partition, first in firsts.items()}
        self.positions.update(nexts)
        self.polled = Polled(self.current_assignment, firsts, nexts)
        return self

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        assert offsets and offsets.keys() <= self.positions.keys()
        self.commits.append(dict(offsets))
        self.committed.update(offsets)


@pytest.fixture
def acknowledger() -> Acknowledger:
    return Acknowledger()


@pytest.fixture
def consumer(acknowledger: Acknowledger) -> Consumer:
    return Consumer(acknowledger)


def begin(acknowledger: Acknowledger, consumer: Consumer, *partitions: TopicPartition) -> Delivery:
    delivery = acknowledger.begin(consumer.poll(*partitions))
    assert delivery is not None
    return delivery


async def test_offsets_are_committed_in_the_order_of_deliveries(acknowledger: Acknowledger, consumer: Consumer) -> None:
    first, second = begin(acknowledger, consumer, P0), begin(acknowledger, consumer, P0, P1)
    acknowledger.finish(second)
    await acknowledger.commit()
    assert (consumer.commits, acknowledger.first_open(P0), acknowledger.first_open(P1)) == ([], 0, 0)
    acknowledger.finish(first)
    await acknowledger.commit()
    assert (consumer.committed, acknowledger.first_open(P0)) == ({P0: 4, P1: 2}, None)


async def test_withdrawn_delivery_is_not_committed(acknowledger: Acknowledger, consumer: Consumer) -> None:
    first = begin(acknowledger, consumer, P0)
    acknowledger.withdraw(begin(acknowledger, consumer, P0))
    acknowledger.finish(first)
    await acknowledger.commit()
    assert consumer.committed == {P0: 2}


@pytest.mark.parametrize("listener", [True, False], ids=["listener called", "listener not called yet"])
async def test_delivery_of_an_earlier_assignment_is_not_committed(
    acknowledger: Acknowledger, consumer: Consumer, listener: bool
) -> None:
    before = begin(acknowledger, consumer, P0)
    consumer.assign(P0, listener=listener)
    acknowledger.finish(before)
    await acknowledger.commit()
    assert consumer.commits == []
    again = begin(acknowledger, consumer, P0)
    await acknowledger.commit()
    assert consumer.commits == []
    acknowledger.finish(again)
    await acknowledger.commit()
    assert consumer.committed == {P0: 2}


async def test_records_polled_before_a_rebalance_are_dropped_after_it(
    acknowledger: Acknowledger, consumer: Consumer
) -> None:
    """The records before them were forgotten and come again, so their offset must not be committed."""
    begin(acknowledger, consumer, P0)
    consumer.poll(P0)
    consumer.assign(P0)
    assert acknowledger.begin(consumer) is None


async def test_records_polled_before_a_rebalance_are_dropped_while_it_goes_on(
    acknowledger: Acknowledger, consumer: Consumer
) -> None:
    begin(acknowledger, consumer, P0)
    consumer.poll(P0)
    acknowledger.revoke()
    assert acknowledger.begin(consumer) is None
    acknowledger.revoke()  # the group was joined again before it had assigned anything
    assert acknowledger.begin(consumer) is None


async def test_records_polled_before_the_listener_is_called_are_kept(
    acknowledger: Acknowledger, consumer: Consumer
) -> None:
    """aiokafka may return records of a new assignment before it calls the listener. They do not come again."""
    consumer.assign(P0, P1, listener=False)
    delivery = begin(acknowledger, consumer, P0)
    acknowledger.finish(delivery)
    await acknowledger.commit()
    assert consumer.committed == {P0: 2}


async def test_failed_commit_is_tried_again(
    acknowledger: Acknowledger, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledge, "_PAUSE_S", 0.001)
    consumer.failures = [CommitFailedError(), TimeoutError()]
    acknowledger.finish(begin(acknowledger, consumer, P0))
    await acknowledger.commit()
    await wait_until(lambda: consumer.committed == {P0: 2}, "the commit succeeds")


async def test_offset_that_could_not_be_committed_is_forgotten_when_it_is_revoked(
    acknowledger: Acknowledger, consumer: Consumer
) -> None:
    """Else it would be committed when the partition comes back, behind what another replica committed meanwhile."""
    consumer.failures = [CommitFailedError()]
    acknowledger.finish(begin(acknowledger, consumer, P0))
    await acknowledger.commit()
    consumer.assign(P1)
    consumer.committed[P0] = 9
    consumer.assign(P0, P1)
    acknowledger.finish(begin(acknowledger, consumer, P1))
    await acknowledger.commit()
    assert consumer.committed == {P0: 9, P1: 2}
