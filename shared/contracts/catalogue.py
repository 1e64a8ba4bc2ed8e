"""The declared topics: the one place that knows their names, partitions, retention and size limits.

Brokers have auto-creation off; `shared.edge.topics` creates what stands here and refuses what differs.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PARTITIONS: Final = 12  # fixed at birth: a key's partition must never move
PARTITIONER: Final = "murmur2"

MIB: Final = 1024 * 1024
RECORD_LIMIT: Final = 1 * MIB  # a larger event is `too_large`
RAW_LIMIT: Final = 4 * MIB  # what still gets through, so that its sender can be told
_OVERHEAD: Final = 64 * 1024  # key, headers and batch framing around a value of exactly RAW_LIMIT

TRANSACTION_LIMIT_MS: Final = 60_000
"""How long a sender may keep a transaction open; the broker's limit. No record behind an open one is read."""

_DAY_MS: Final = 24 * 3600 * 1000
_FOR_EVER: Final = -1


class Stream(StrEnum):
    """The three streams of upstream systems."""

    FEEDBACK = "feedback"
    CONTACT = "contact"
    CARE = "care"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as declared. `retention_ms` -1 = for ever; `compacted` keeps the latest record of a key."""

    name: str
    retention_ms: int
    key: str
    writer: str
    readers: tuple[str, ...]
    max_message_bytes: int = 2 * MIB
    compacted: bool = False
    partitions: int = PARTITIONS

    def config(self) -> dict[str, str]:
        """The topic's settings in Kafka's own names."""
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            # The broker's clock: a sender's own would decide what retention removes and what the broker refuses.
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


def group_id(service: str, topic: Topic) -> str:
    """The consumer group of a service on a topic: every pair has its own, so that offsets never mix."""
    return f"hva.{service}.{topic.name}"
