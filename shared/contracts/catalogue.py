"""The declared topics: the only definition of their names, partitions, retention and size limits.

Automatic topic creation is off on brokers; `shared.edge.topics` creates these topics and refuses deviations.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PARTITIONS: Final = 12  # never changes: a key must keep its partition
PARTITIONER: Final = "murmur2"

MIB: Final = 1024 * 1024
RECORD_LIMIT: Final = 1 * MIB  # a larger event is `too_large`
RAW_LIMIT: Final = 4 * MIB  # accepted by Kafka, so that ingest can reject the event with a reason
_OVERHEAD: Final = 64 * 1024  # key, headers and batch framing around a value of exactly RAW_LIMIT

TRANSACTION_LIMIT_MS: Final = 60_000
"""How long a sender may keep a transaction open, by the broker's limit. Records after an open one are not read."""

_DAY_MS: Final = 24 * 3600 * 1000
_FOR_EVER: Final = -1


class Stream(StrEnum):
    """The streams of upstream systems."""

    FEEDBACK = "feedback"
    CONTACT = "contact"
    CARE = "care"


@dataclass(frozen=True, slots=True)
class Topic:
    """A declared topic. `retention_ms` -1: for ever; `compacted`: Kafka keeps the latest record of a key."""

    name: str
    retention_ms: int
    key: str
    writer: str
    readers: tuple[str, ...]
    max_message_bytes: int = 2 * MIB
    compacted: bool = False
    partitions: int = PARTITIONS

    def config(self) -> dict[str, str]:
        """Return the topic's settings under Kafka's names."""
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            # The broker's clock: a sender's clock must not decide what retention removes or what the broker refuses.
            "message.timestamp.type": "LogAppendTime",
        }


def _raw(stream: Stream) -> Topic:
    return Topic(
        name=f"hva.raw.{stream}",
        retention_ms=7 * _DAY_MS,
        key="the sender's choice",
        writer="upstream",
        readers=("ingest",),
        max_message_bytes=RAW_LIMIT + _OVERHEAD,
    )


def _canonical(stream: Stream, reader: str) -> Topic:
    return Topic(
        name=f"hva.{stream}.v1",
        retention_ms=28 * _DAY_MS,
        key="client pseudonym, else business id",
        writer="ingest",
        readers=(reader,),
    )


RAW: Final = {stream: _raw(stream) for stream in Stream}
FEEDBACK: Final = _canonical(Stream.FEEDBACK, "nps")
CONTACT: Final = _canonical(Stream.CONTACT, "fcr")
CARE: Final = _canonical(Stream.CARE, "segments")
PERSON: Final = Topic(
    name="hva.person.v1",
    retention_ms=_FOR_EVER,  # not compacted: compaction keeps the latest record of a key, not the greatest revision
    key="<county>:<kind>:<business id>",
    writer="ingest",
    readers=("nps", "fcr", "segments"),
)
SEGMENT: Final = Topic(
    name="hva.segment.v1",
    retention_ms=_FOR_EVER,
    key="client pseudonym",
    writer="segments",
    readers=("nps", "fcr"),
    compacted=True,
)

TOPICS: Final = (*RAW.values(), FEEDBACK, CONTACT, CARE, PERSON, SEGMENT)

KEPT_FOR_EVER: Final = tuple(topic for topic in TOPICS if topic.retention_ms == _FOR_EVER)


def group_id(service: str, topic: Topic) -> str:
    """Return the consumer group of a service on a topic. Every pair has its own group, so that offsets never mix."""
    return f"hva.{service}.{topic.name}"
