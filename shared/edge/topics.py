"""Creates the declared topics, applies their declared settings, and refuses topics with other partitions."""

import asyncio
from collections.abc import Iterable
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import BrokerResponseError, TopicAlreadyExistsError, for_code

from shared.contracts.catalogue import TOPICS, Topic
from shared.edge.alter import SetTopicConfigs

_VISIBLE_TIMEOUT_S: Final = 30.0
_RETRY_S: Final = 0.05
REPLICATION: Final = 3  # on a cluster; with fewer brokers, one copy per broker


class TopicMismatchError(Exception):
    """A topic exists with another number of partitions than declared, so keys would move. The message names it."""


class TopicRefusedError(Exception):
    """The broker refuses to create or change a topic. The message names the topic and the broker's reason."""


async def ensure_topics(bootstrap: str, prefix: str = "", topics: Iterable[Topic] = TOPICS) -> None:
    """Create missing topics and apply the declared settings, no others. Idempotent.

    Raises TopicMismatchError if a topic's number of partitions differs, TopicRefusedError if the broker refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="hva-topics")
    await admin.start()
    try:
        declared = tuple(topics)
        await _create(admin, prefix, declared)
        await _check(admin, prefix, declared)
        await _configure(admin, prefix, declared)
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, prefix: str, topics: tuple[Topic, ...]) -> None:
    existing = set(await admin.list_topics())
    copies = min(REPLICATION, len((await admin.describe_cluster())["brokers"]))
    new = [
        NewTopic(
            name=prefix + topic.name,
            num_partitions=topic.partitions,
            replication_factor=copies,
            topic_configs=topic.config(),
        )
        for topic in topics
        if prefix + topic.name not in existing
    ]
    if not new:
        return
    response = await admin.create_topics(new)
    for name, code, *message in response.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise _refusal(f"topic {name} could not be created", code, next(iter(message), None))


async def _partitions(admin: AIOKafkaAdminClient, names: set[str]) -> dict[str, int]:
    """Return the number of partitions of every topic. A broker sees a new topic only after a short delay."""
    async with asyncio.timeout(_VISIBLE_TIMEOUT_S):
        while True:
            described = await admin.describe_topics(sorted(names))
            partitions = {d["topic"]: len(d["partitions"]) for d in described if d["partitions"]}
            if partitions.keys() == names:
                return partitions
            await asyncio.sleep(_RETRY_S)


async def _check(admin: AIOKafkaAdminClient, prefix: str, topics: tuple[Topic, ...]) -> None:
    partitions = await _partitions(admin, {prefix + topic.name for topic in topics})
    for topic in topics:
        found = partitions[prefix + topic.name]
        if found != topic.partitions:
            raise TopicMismatchError(
                f"topic {prefix + topic.name} has {found} partitions, declared are {topic.partitions}: "
                "the number of partitions cannot change, so create a new topic or correct the broker"
            )


async def _configure(admin: AIOKafkaAdminClient, prefix: str, topics: tuple[Topic, ...]) -> None:
    """Apply the declared settings, also to existing topics. Other settings of an operator are kept."""
    response = await admin._send_request(SetTopicConfigs({prefix + t.name: t.config() for t in topics}))
    for code, message, _, name in response.responses:
        if code:
            raise _refusal(f"topic {name} could not be set as declared", code, message)


def _refusal(what: str, code: int, message: str | None) -> Exception:
    """Return the error for a broker's response: the broker's own error if it is transient, so that callers retry."""
    error: type[BrokerResponseError] = for_code(code)
    if error.retriable:
        transient: Exception = error(what)
        return transient
    return TopicRefusedError(f"{what}: {error.__name__}" + (f" ({message})" if message else ""))
