"""Subscriptions with safe FastStream settings: set here once and asserted at start.

The handler receives raw records: the decoder does nothing, and the parser ignores headers, because FastStream
silently loses a batch with a null or non-UTF-8 header. Every subscriber acknowledges manually: the other policies
acknowledge everything that was delivered when the handler returns, but a delivery may still wait for a county then.
The services use FastStream's consumer loop and its shutdown.
"""

import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IllegalStateError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.contracts.catalogue import Topic, group_id
from shared.edge.acknowledge import Acknowledger
from shared.edge.consumer import WaitingConsumer
from shared.edge.header_names import tolerate_header_names
from shared.record import Record
from shared.settings import Settings

# How long a SIGTERM waits for the current batch: above the longest batch, below any stop grace period.
GRACEFUL_STOP_S: Final = 20.0
_POLL_MS: Final = 1000  # how long a poll waits for records
TRANSACTIONS_PER_DELIVERY: Final = 4  # transactions that one delivery may fill: while one commits, the next is decoded
# How often to refresh partition leaders. By default, a consumer that missed a new leader may be silent for 5 minutes.
METADATA_MS: Final = 10_000
_FETCH_WAIT_MS: Final = 500  # how long the broker may hold an empty fetch; it returns data immediately
_FETCH_BYTES: Final = 8 * 1024 * 1024
# A handler may retry for a minute while the database is unavailable; the group must not expel it for that.
_MAX_POLL_MS: Final = 300_000
# How long a group waits for a member that was killed. The event loop is blocked for less than a second at most.
_SESSION_MS: Final = 6_000

_logger: Final = logging.getLogger("hva.consume")

Handler = Callable[[Sequence[Record], Callable[[], None]], Awaitable[bool]]
"""Takes the records of a delivery. Returns True when the next delivery may come, and False if it did not take this one.
Calls the function that it gets when every record is durable."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Forgets deliveries when their partitions are revoked, and counts assignments."""

    def __init__(self, acknowledger: Acknowledger, count: Callable[[], None]) -> None:
        self._acknowledger, self._count = acknowledger, count

    def on_partitions_revoked(self, _: set[TopicPartition]) -> None:
        self._acknowledger.revoke()

    def on_partitions_assigned(self, _: set[TopicPartition]) -> None:
        self._count()


class UnsafeSubscriberError(Exception):
    """A subscriber could lose data; the process must not start."""


async def _parse(records: tuple[ConsumerRecord[Any, Any], ...], original: Any) -> KafkaMessage:
    """Wrap the batch in a FastStream message without parsing any record's headers or value."""
    message: KafkaMessage = await original((replace(records[0], headers=(), value=None),))
    message.raw_message = records
    return message


async def _decode(_: KafkaMessage) -> None:
    """Do nothing: the service's `decode` module turns bytes into events, record by record."""


def make_broker(settings: Settings) -> KafkaBroker:
    """Make a broker that overrides every default that loses data or time."""
    tolerate_header_names()
    return KafkaBroker(
        settings.kafka,
        client_id=f"hva-{settings.service}",
        allow_auto_create_topics=False,
        graceful_timeout=GRACEFUL_STOP_S,
        metadata_max_age_ms=METADATA_MS,
        logger=None,
        parser=_parse,
        decoder=_decode,
    )


async def start_broker(broker: KafkaBroker) -> None:
    """Connect and start all subscribers. Stop the broker also if this raises."""
    await broker.connect()
    config: Any = broker.config.broker_config
    config.builder = partial(WaitingConsumer, *config.builder.args, **config.builder.keywords)
    await broker.start()


async def ping_kafka(settings: Settings) -> bool:
    """Return True when Kafka answers. Raises transient errors.

    Call it before FastStream starts anything: FastStream leaves its producer open when a start fails.
    """
    client = AIOKafkaClient(bootstrap_servers=settings.kafka, client_id=f"hva-{settings.service}")
    try:
        await client.bootstrap()
    finally:
        await client.close()
    return True


def subscribe(
    broker: KafkaBroker, settings: Settings, topic: Topic, handler: Handler, count_rebalance: Callable[[], None]
) -> Acknowledger:
    """Pass every delivery of a topic to `handler`. It is delivered again if the handler raises or does not take it.

    The offset of a record is committed when it and all before it are durable. `count_rebalance` is called at each
    assignment of partitions. Returns what knows which records are not durable yet.
    """
    acknowledger = Acknowledger()

    async def on_batch(message: KafkaMessage) -> None:
        consumer: Any = message.consumer
        delivery = acknowledger.begin(consumer)
        if delivery is None:
            return
        taken = False
        try:
            taken = await handler(message.raw_message, partial(acknowledger.finish, delivery))
        except Exception:
            _logger.exception("a delivery failed and comes again", extra={"topic": topic.name})
        if not taken:
            acknowledger.withdraw(delivery)
            with contextlib.suppress(IllegalStateError):  # the partitions were revoked
                await message.nack()
        await acknowledger.commit()

    broker.subscriber(
        settings.topic_prefix + topic.name,
        batch=True,
        max_records=TRANSACTIONS_PER_DELIVERY * settings.max_records,
        group_id=settings.topic_prefix + group_id(settings.service, topic),
        ack_policy=AckPolicy.MANUAL,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        batch_timeout_ms=_POLL_MS,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        fetch_max_bytes=_FETCH_BYTES,
        max_poll_interval_ms=_MAX_POLL_MS,
        session_timeout_ms=_SESSION_MS,
        heartbeat_interval_ms=_SESSION_MS // 4,
        listener=_Listener(acknowledger, count_rebalance),
        no_reply=True,
    )(on_batch)
    return acknowledger


def assert_safe(broker: KafkaBroker) -> None:
    """Raise UnsafeSubscriberError if a subscriber could lose a record or read one of an aborted transaction."""
    for subscriber in broker.subscribers:
        arguments: dict[str, Any] = getattr(subscriber, "_connection_args", {})
        if subscriber.ack_policy is not AckPolicy.MANUAL:
            raise UnsafeSubscriberError(f"acknowledgement policy is {subscriber.ack_policy}")
        if arguments.get("enable_auto_commit") is not False:
            raise UnsafeSubscriberError("offsets are committed by a timer")
        if arguments.get("auto_offset_reset") != "earliest":
            raise UnsafeSubscriberError("a new group would skip existing records")
        if arguments.get("isolation_level") != "read_committed":
            raise UnsafeSubscriberError("records of aborted transactions would count")


def consumers(broker: KafkaBroker) -> list[AIOKafkaConsumer]:
    """The running consumers of a started broker."""
    found = (getattr(subscriber, "consumer", None) for subscriber in broker.subscribers)
    return [consumer for consumer in found if consumer is not None]
