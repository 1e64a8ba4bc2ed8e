"""Events by source and stream for `report.freshness`: counted in memory, written by a job.

The counts are for monitoring. When the process dies, those since the last flush are lost; records that Kafka delivers
again count again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from services.ingest.gateway_message import stream_of
from services.ingest.validate import Accepted
from shared.contracts.catalogue import RAW, Stream
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.reasons import Reason
from shared.dead_letters import GATEWAY, DeadLetter

# These rejections may name any source, so they get no row.
_WITHOUT_SOURCE: Final = frozenset({Reason.TOO_LARGE, Reason.UNDECODABLE, Reason.ENVELOPE, Reason.UNKNOWN_SOURCE})
_COUNTY: Final = 2  # of urn:hva:<county>:<system>
_ADD: Final = """
insert into report.freshness as f (county, source, stream, last_event_at, accepted, rejected, corrected)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::bigint[])
on conflict (source, stream) do update
set last_event_at = greatest(f.last_event_at, excluded.last_event_at), accepted = f.accepted + excluded.accepted,
    rejected = f.rejected + excluded.rejected, corrected = f.corrected + excluded.corrected
"""


@dataclass(slots=True)
class _Counts:
    last_event_at: datetime | None = None
    accepted: int = 0
    rejected: int = 0
    corrected: int = 0


class Freshness:
    """Counts until they are flushed."""

    def __init__(self, topic_prefix: str) -> None:
        self._streams = {topic_prefix + topic.name: stream for stream, topic in RAW.items()}
        self._counts: dict[tuple[str, Stream], _Counts] = {}

    def accept(self, events: Iterable[Accepted]) -> None:
        """Count events that were published."""
        for event in events:
            counts = self._of(event.source, EVENT_TYPES[event.type].stream)
            counts.accepted += 1
            counts.corrected += event.revision > 1
            counts.last_event_at = max(event.time, counts.last_event_at or event.time)

    def reject(self, dead_letters: Iterable[DeadLetter]) -> None:
        """Count records that became dead letters, if their source is known."""
        for dead_letter in dead_letters:
            source, record = dead_letter.verdict.source, dead_letter.record
            if source is None or dead_letter.verdict.reason in _WITHOUT_SOURCE:
                continue
            gateway = record.topic == GATEWAY
            stream = stream_of(record.value, record.headers) if gateway else self._streams[record.topic]
            self._of(source, stream).rejected += 1

    def _of(self, source: str, stream: Stream) -> _Counts:
        return self._counts.setdefault((source, stream), _Counts())

    async def flush(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Add the counts to the table. If that fails, they are kept for the next flush."""
        taken, self._counts = self._counts, {}
        if not taken:
            return
        rows = [
            (source.split(":")[_COUNTY], source, stream, c.last_event_at, c.accepted, c.rejected, c.corrected)
            for (source, stream), c in sorted(taken.items())
        ]
        try:
            await pool.execute(_ADD, *map(list, zip(*rows, strict=True)))
        except Exception:
            self._put_back(taken)
            raise

    def _put_back(self, taken: dict[tuple[str, Stream], _Counts]) -> None:
        for key, old in taken.items():
            new = self._of(*key)
            new.accepted += old.accepted
            new.rejected += old.rejected
            new.corrected += old.corrected
            if old.last_event_at is not None:
                new.last_event_at = max(old.last_event_at, new.last_event_at or old.last_event_at)
