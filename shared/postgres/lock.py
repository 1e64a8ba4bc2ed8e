"""Serialises writers: an advisory lock per service and county, held for one transaction. Restatements and editions of a
county, which all families and closings write, have a lock of their own; so do its stored cells, and the repair of its
buckets.
"""

import contextlib
import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

SERVICE_NUMBERS: Final = {"ingest": 1, "nps": 2, "fcr": 3, "segments": 4}
_RESTATEMENTS: Final = 5
_CELLS: Final = 6
_REPAIRS: Final = 10  # plus the number of the service


async def lock_county(connection: Connection, service: str, county: str) -> None:
    """Take the write lock of a county until the transaction ends.

    This must be the first statement of the transaction, and a statement of its own: under READ COMMITTED the next
    statement then sees everything that earlier owners committed. Inside a larger statement the snapshot would be older
    than the lock, and the figures would be wrong. A transaction locks one county only: so writers cannot deadlock, and
    a county that is locked for long delays no other.
    """
    await connection.execute("select pg_advisory_xact_lock($1, $2)", SERVICE_NUMBERS[service], county_number(county))


async def try_lock_county(connection: Connection, service: str, county: str, patience_s: float) -> bool:
    """Take the write lock of a county like `lock_county`, or return False after `patience_s` seconds. Then the
    transaction has failed and must end."""
    key = (SERVICE_NUMBERS[service], county_number(county))
    if await connection.fetchval("select pg_try_advisory_xact_lock($1, $2)", *key):
        return True
    if not patience_s:
        return False
    # Waiting in PostgreSQL's queue gives writers their turns.
    await connection.execute(f"set local lock_timeout = '{round(1000 * patience_s)}ms'")
    try:
        await connection.execute("select pg_advisory_xact_lock($1, $2)", *key)
    except asyncpg.LockNotAvailableError:
        return False
    await connection.execute("set local lock_timeout to default")
    return True


async def lock_restatements(connection: Connection, county: str) -> None:
    """Take the lock of the restatements of a county until the transaction ends, which must be READ COMMITTED: the next
    statement sees what earlier owners committed.
    """
    await connection.execute("select pg_advisory_xact_lock($1, $2)", _RESTATEMENTS, county_number(county))


async def lock_cells(connection: Connection, county: str) -> None:
    """Take the lock of the stored cells of a county until the transaction ends."""
    await connection.execute("select pg_advisory_xact_lock($1, $2)", _CELLS, county_number(county))


@contextlib.asynccontextmanager
async def locked_restatements(connection: Connection, county: str) -> AsyncIterator[None]:
    """Hold the lock of the restatements of a county around a transaction with one snapshot."""
    async with _locked(connection, _RESTATEMENTS, county):
        yield


@contextlib.asynccontextmanager
async def locked_repair(connection: Connection, service: str, county: str) -> AsyncIterator[None]:
    """Hold the lock of the repair of a county's buckets around a transaction with one snapshot: two repairs would add
    every difference twice.
    """
    async with _locked(connection, _REPAIRS + SERVICE_NUMBERS[service], county):
        yield


@contextlib.asynccontextmanager
async def _locked(connection: Connection, number: int, county: str) -> AsyncIterator[None]:
    """Hold a lock around a transaction with one snapshot. Taken inside, the snapshot would be older than the lock."""
    key = (number, county_number(county))
    await connection.execute("select pg_advisory_lock($1, $2)", *key)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1, $2)", *key)


def county_number(county: str) -> int:
    """Return a signed 32-bit number. Two counties with the same number only wait for each other."""
    return zlib.crc32(county.encode()) - 2**31
