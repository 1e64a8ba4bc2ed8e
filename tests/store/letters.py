"""Dead letters for tests that need some: written as the services write them."""

from typing import Any

import asyncpg

from shared.contracts.reasons import Reason
from shared.keys import Key
from shared.letters import Letter, Rejected, Sealer
from shared.postgres.letters import write_letters
from shared.record import PlainRecord

SEALER = Sealer([Key("l1", b"x" * 32)])
OTHER_SEALER = Sealer([Key("l2", b"y" * 32)])


def letter(
    offset: int, reason: Reason = Reason.SCHEMA, topic: str = "t", timestamp: int = 1_700_000_000_000, **verdict: Any
) -> Letter:
    """A letter of one record; its value names the offset."""
    record = PlainRecord(topic, 0, offset, timestamp, None, b"value %d" % offset)
    return Letter(record, Rejected(reason, f"because {offset}", **verdict))


async def keep(pool: "asyncpg.Pool[asyncpg.Record]", *letters: Letter, schema: str = "ingest") -> None:
    """Write letters that the tests' sealer opens."""
    async with pool.acquire() as connection:
        await write_letters(connection, schema, letters, SEALER)


async def kept(pool: "asyncpg.Pool[asyncpg.Record]", columns: str, schema: str = "ingest") -> list[tuple[Any, ...]]:
    """Columns of all letters in the order of their offsets."""
    return [tuple(row) for row in await pool.fetch(f'select {columns} from {schema}.dead_letter order by "offset"')]
