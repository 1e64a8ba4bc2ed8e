"""Counts of received events and rejected records by source and stream."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ingest.freshness import Freshness
from services.ingest.validate import Accepted
from shared.contracts.reasons import Reason
from shared.dead_letters import GATEWAY, DeadLetter, Rejected
from shared.record import PlainRecord

SOURCE = "urn:hva:oma-hame:puhelin"
AT = datetime(2026, 3, 1, tzinfo=UTC)


class Pool:
    """Keeps the written rows, or fails."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.fails = False

    async def execute(self, _statement: str, *columns: list[Any]) -> None:
        if self.fails:
            raise OSError("unreachable")
        self.rows += zip(*columns, strict=True)


def event(revision: int, at: datetime) -> Accepted:
    kind = "fi.hva.contact.recorded.v1"
    return Accepted("t", b"k", b"{}", "oma-hame", SOURCE, kind, "contact", 0, at, (), revision)


def dead_letter(reason: Reason, source: str | None, topic: str = "p.hva.raw.contact") -> DeadLetter:
    return DeadLetter(PlainRecord(topic, 0, 0, 0, None, b"{}"), Rejected(reason, "", source))


async def test_counts_accumulate_until_they_are_written() -> None:
    freshness, pool = Freshness("p."), Pool()
    freshness.accept([event(1, AT), event(2, AT - timedelta(days=1))])
    freshness.reject(
        [
            dead_letter(Reason.SCHEMA, SOURCE),
            dead_letter(Reason.UNKNOWN_SOURCE, SOURCE),
            dead_letter(Reason.SCHEMA, None),
        ]
    )
    pool.fails = True
    with pytest.raises(OSError, match="unreachable"):
        await freshness.flush(pool)  # type: ignore[arg-type]
    pool.fails = False
    freshness.accept([event(1, AT + timedelta(days=1))])
    await freshness.flush(pool)  # type: ignore[arg-type]
    await freshness.flush(pool)  # type: ignore[arg-type]
    assert pool.rows == [("oma-hame", SOURCE, "contact", AT + timedelta(days=1), 3, 1, 1)]


async def test_gateway_record_counts_under_the_stream_of_its_type() -> None:
    freshness, pool = Freshness(""), Pool()
    record = PlainRecord(GATEWAY, 0, 0, 0, None, b'{"type": "fi.hva.feedback.given.v1"}')
    freshness.reject([DeadLetter(record, Rejected(Reason.SCHEMA, "", SOURCE))])
    await freshness.flush(pool)  # type: ignore[arg-type]
    assert [row[:3] for row in pool.rows] == [("oma-hame", SOURCE, "feedback")]
