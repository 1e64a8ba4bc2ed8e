"""The consumer of a subscription: waits for records, and remembers to which assignment the last ones belong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition


@dataclass(frozen=True, slots=True)
class Polled:
    """Records of one poll. `assignment` stands for the assignment of partitions that they were polled under; `firsts`
    are the offsets of the first record of each partition, `nexts` the positions after the poll."""

    assignment: object
    firsts: Mapping[TopicPartition, int]
    nexts: Mapping[TopicPartition, int]


class WaitingConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A consumer whose polls never return without records.

    FastStream sleeps after a poll without records, for as long as the poll may wait. With long polls, records that
    arrive during that sleep are late; with short ones an idle service is busy.
    """

    polled: Polled

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        """Return the next records, as soon as there are any."""
        while True:
            found: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = await super().getmany(
                *partitions, timeout_ms=timeout_ms, max_records=max_records
            )
            if found:
                self.polled = self._describe(found)
                return found

    @property
    def current_assignment(self) -> object:
        """The current assignment. Every rebalance makes a new one, also if it assigns the same partitions. The listener
        for rebalances is called before and after that, so it cannot tell to which assignment records belong."""
        subscription = self._subscription.subscription
        return subscription and subscription.assignment

    def _describe(self, found: Mapping[TopicPartition, list[ConsumerRecord[Any, Any]]]) -> Polled:
        assignment: Any = self.current_assignment
        firsts = {partition: records[0].offset for partition, records in found.items()}
        return Polled(
            assignment, firsts, {partition: assignment.state_value(partition).position for partition in found}
        )
