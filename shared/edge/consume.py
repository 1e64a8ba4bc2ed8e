"""Subscribing with FastStream's traps closed; decided here once and asserted at start.

Raw records reach the handler: the decoder is the identity, and the parser does not look at headers, of which a
null or non-UTF-8 one otherwise loses a batch silently. The acknowledgement policy is NACK_ON_ERROR, explicitly
on every subscriber: any other loses data on an exception. What is used of FastStream is its consumer loop, its
rewind and its shutdown.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.client import AIOKafkaClient
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.contracts.catalogue import Topic, group_id
from shared.edge.header_names import tolerate_header_names
from shared.record import Record
from shared.settings import Settings

# The longest a SIGTERM waits for the batch in hand: above the longest batch, below any stop grace period.
GRACEFUL_STOP_S: Final = 20.0
# FastStream sleeps this long again after an empty poll, so it bounds the idle part of freshness.
POLL_MS: Final = 20
TRANSACTIONS_PER_DELIVERY: Final = (
    4  # transactions that a delivery may fill: while one is committed the next is decoded
)
# How often to ask who leads a partition; by default a consumer that missed a new leader may be silent for 5 minutes.
METADATA_MS: Final = 10_000
_FETCH_WAIT_MS: Final = 250  # how long the broker may hold an empty fetch; data is answered at once
_FETCH_BYTES: Final = 8 * 1024 * 1024
# A handler may retry for a minute while the database is away; the group must not expel it for that.
_MAX_POLL_MS: Final = 300_000
# How long a group waits for a member that was killed. A loop is blocked for less than a second at the very most.
_SESSION_MS: Final = 6_000

BatchHandler = Callable[[Sequence[Record]], Awaitable[None]]


class UnsafeSubscriberError(Exception):
    """A subscriber would lose data; the process must not start."""


async def _parse(records: tuple[ConsumerRecord[Any, Any], ...], original: Any) -> KafkaMessage:
    """FastStream's own message around the batch, made without touching any record's headers or value."""
    message: KafkaMessage = await original((replace(records[0], headers=(), value=None),))
    message.raw_message = records
    return message


async def _decode(_: KafkaMessage) -> None:
    """Nothing: bytes become events in the service's own decode room, record by record."""


def make_broker(settings: Settings) -> KafkaBroker:
    """A broker whose every default that loses data or time is overridden."""
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


async def ping_kafka(settings: Settings) -> bool:
    """Whether Kafka answers: True, or it raises what passes by itself.

    Comes before everything that FastStream starts, which leaves its producer open when that fails.
    """
    client = AIOKafkaClient(bootstrap_servers=settings.kafka, client_id=f"hva-{settings.service}")
    try:
        await client.bootstrap()
    finally:
        await client.close()
    return True


def subscribe(broker: KafkaBroker, settings: Settings, topic: Topic, handler: BatchHandler) -> None:
    """Give every batch of a topic to `handler`; offsets are committed once it returned, rewound if it raised."""

    async def on_batch(message: KafkaMessage) -> None:
        await handler(message.raw_message)

    broker.subscriber(
        settings.topic_prefix + topic.name,
        batch=True,
        max_records=TRANSACTIONS_PER_DELIVERY * settings.max_records,
        group_id=settings.topic_prefix + group_id(settings.service, topic),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        batch_timeout_ms=POLL_MS,
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        fetch_max_bytes=_FETCH_BYTES,
        max_poll_interval_ms=_MAX_POLL_MS,
        session_timeout_ms=_SESSION_MS,
        heartbeat_interval_ms=_SESSION_MS // 4,
        no_reply=True,
    )(on_batch)


def assert_safe(broker: KafkaBroker) -> None:
    """Raise UnsafeSubscriberError where a subscriber could lose a record or count one that was never sent."""
    for subscriber in broker.subscribers:
        arguments: dict[str, Any] = getattr(subscriber, "_connection_args", {})
        if subscriber.ack_policy is not AckPolicy.NACK_ON_ERROR:
            raise UnsafeSubscriberError(f"acknowledgement policy is {subscriber.ack_policy}")
        if arguments.get("enable_auto_commit") is not False:
            raise UnsafeSubscriberError("offsets are committed by a timer")
        if arguments.get("auto_offset_reset") != "earliest":
            raise UnsafeSubscriberError("a new group would skip what is there already")
        if arguments.get("isolation_level") != "read_committed":
            raise UnsafeSubscriberError("records of aborted transactions would count")


def consumers(broker: KafkaBroker) -> list[AIOKafkaConsumer]:
    """The running consumers of a started broker."""
    found = (getattr(subscriber, "consumer", None) for subscriber in broker.subscribers)
    return [consumer for consumer in found if consumer is not None]
