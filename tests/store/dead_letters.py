"""Dead letters for tests that need some: written as the services write them."""

from typing import Any

import asyncpg

from shared.contracts.reasons import Reason
from shared.dead_letters import DeadLetter, Rejected, Sealer
from shared.keys import Key
from shared.postgres.dead_letters import write_dead_letters
from shared.record import PlainRecord

SEALER = Sealer([Key("l1", b"x" * 32)])
OTHER_SEALER = Sealer([Key("l2", b"y" * 32)])


def dead_letter(
    offset: int, reason: Reason = Reason.SCHEMA, topic: str = "t", timestamp: int = 1_700_000_000_000, **verdict: Any
) -> DeadLetter:
    """A letter of one record; its value names the offset."""
    record = PlainRecord(topic, 0, offset, timestamp, None, b"value %d" % offset)
    return DeadLetter(record, Rejected(reason, f"because {offset}", **verdict))


async def keep(pool: "asyncpg.Pool[asyncpg.Record]", *dead_letters: DeadLetter, schema: str = "ingest") -> None:
    """Write letters that the tests' sealer opens."""
    async with pool.acquire() as connection:
        await write_dead_letters(connection, schema, dead_letters, SEALER)


async def kept(pool: "asyncpg.Pool[asyncpg.Record]", columns: str, schema: str = "ingest") -> list[tuple[Any, ...]]:
    """Columns of all letters in the order of their offsets."""
    return [tuple(row) for row in await pool.fetch(f'select {columns} from {schema}.dead_letter order by "offset"')]
