"""Keeps families from publishing while a test or a benchmark runs."""

import asyncpg

from shared.postgres.lock import SERVICE_NUMBERS
from shared.publication.protection import FAMILIES
from shared.publication.publish import LOCK


async def hold_publications(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Hold the lock of every family's publisher, as another replica that publishes. It ends with the connection.

    A family that starts with an empty database publishes every county and year, each in a new process. Together these
    take more processor time than the rest of most tests, and only tests of publications need them.
    """
    connection = await asyncpg.connect(dsn)
    for family in FAMILIES:
        await connection.execute("select pg_advisory_lock($1, $2)", LOCK, SERVICE_NUMBERS[family])
    return connection
