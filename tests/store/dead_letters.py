"""Builds dead letters and stores them as the services do."""

from typing import Any

import asyncpg

from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter, DeadLetterCipher, Rejected
from shared.keys import Key
from shared.postgres.dead_letters import write_dead_letters
from shared.record import PlainRecord

CIPHER = DeadLetterCipher([Key("l1", b"x" * 32)])
OTHER_CIPHER = DeadLetterCipher([Key("l2", b"y" * 32)])


def dead_letter(
    offset: int, reason: Reason = Reason.SCHEMA, topic: str = "t", timestamp: int = 1_700_000_000_000, **verdict: Any
) -> DeadLetter:
    """A dead letter of one record. Its value contains the offset."""
    record = PlainRecord(topic, 0, offset, timestamp, None, b"value %d" % offset)
    return DeadLetter(record, Rejected(reason, f"because {offset}", **verdict))


async def store(pool: "asyncpg.Pool[asyncpg.Record]", *dead_letters: DeadLetter, schema: str = "ingest") -> None:
    """Write dead letters that `CIPHER` can open."""
    async with pool.acquire() as connection:
        await write_dead_letters(connection, schema, dead_letters, CIPHER)


async def stored(pool: "asyncpg.Pool[asyncpg.Record]", columns: str, schema: str = "ingest") -> list[tuple[Any, ...]]:
    """Columns of all dead letters, by offset."""
    return [tuple(row) for row in await pool.fetch(f'select {columns} from {schema}.dead_letter order by "offset"')]
