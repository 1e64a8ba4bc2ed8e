"""Leases: which replica of a service runs a background job, of a county or of the whole service.

A lease is a session-level advisory lock on a connection that the replica uses for its leases alone, so it ends when its
holder releases it or dies, and no clock is compared. A holder that lost its connection cancels the job. A replica that
is cut off or does not get answers notices within `BEAT_S + _ANSWER_S + CANCEL_S` after its last beat. The server ends
the session later, after `_SILENCE_S` without a statement, also that of a frozen process.

A lease decides who does the work. It does not keep data right, because a process that was frozen may still send a
statement after it lost the lease: the transactions of a job take their own locks.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from shared.postgres.connection import CANCEL_S, SERVER_TIMEOUTS, BoundedConnection
from shared.postgres.lock import SERVICE_NUMBERS, county_number
from shared.postgres.writable import refuse_read_only

JOB_NUMBERS: Final = {
    "outbox": 1,
    "cells": 2,
    "refold": 3,
    "replay": 4,
    "audit": 5,
    "redrive": 6,
    "publication": 7,
    "retention": 8,
}
"""`pg_locks` shows a lease as classid 100 * number of the service + number of the job, and objid from the county."""
BEAT_S: Final = 2.0
_ANSWER_S: Final = 3.0
_SILENCE_S: Final = 10
assert BEAT_S + _ANSWER_S + CANCEL_S < _SILENCE_S, "the holder must notice before the server frees its leases"

Hold = Callable[[str, str], AbstractAsyncContextManager[bool]]
"""`Leases.hold`."""
OnChange = Callable[[str, str, bool], None]
"""Called with job, county and whether this replica holds the lease now."""

_Key = tuple[int, int]


@asynccontextmanager
async def unshared(job: str, county: str = "") -> AsyncIterator[bool]:
    """The lease of a job that has no other replica, as in tests."""
    yield True


class LeaseLostError(Exception):
    """The connection of the leases was lost while a job ran; another replica may run it now."""


@dataclass
class _Held:
    task: "asyncio.Task[Any]"
    cancelling: int  # requests to cancel the task that were there before
    taken: bool = False
    lost: bool = False


class Leases:
    """The leases of one replica. `beat` must be called every `BEAT_S` seconds."""

    def __init__(self, dsn: str, service: str, on_change: OnChange = lambda job, county, held: None) -> None:
        self._dsn, self._service, self._on_change = dsn, service, on_change
        self._connection: Any = None
        self._one_statement = asyncio.Lock()  # a connection runs one at a time
        self._held: dict[_Key, _Held] = {}

    @asynccontextmanager
    async def hold(self, job: str, county: str = "") -> AsyncIterator[bool]:
        """Hold the lease of a job in this context. False, without waiting, while anyone else holds it.

        Raises LeaseLostError out of the context, after cancelling what runs in it, when the lease is lost. Raises
        errors of the connection when it cannot be asked for.
        """
        key = (100 * SERVICE_NUMBERS[self._service] + JOB_NUMBERS[job], county_number(county))
        task = asyncio.current_task()
        assert task is not None
        if key in self._held:  # PostgreSQL would grant it to this session again
            yield False
            return
        held = self._held[key] = _Held(task, task.cancelling())
        try:
            held.taken = await self._ask("select pg_try_advisory_lock($1, $2)", key)
            if not held.taken:
                yield False
                return
            self._on_change(job, county, True)
            try:
                yield True
            except asyncio.CancelledError:
                if held.lost and task.uncancel() <= held.cancelling:
                    raise LeaseLostError(job) from None
                raise
            finally:
                self._on_change(job, county, False)
            if held.lost:  # what ran here caught the cancellation
                task.uncancel()
                raise LeaseLostError(job)
        finally:
            release = held.taken and not held.lost
            held.taken = False  # a connection that is lost from here on cancels nothing
            try:
                if release:
                    await self._ask("select pg_advisory_unlock($1, $2)", key)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pass  # the connection is closed, and the lease with it
            finally:
                del self._held[key]

    async def beat(self) -> None:
        """Show the server that this replica lives, and see that the server answers. Raises errors of the connection,
        which ends all leases.
        """
        if self._connection is not None and not self._connection.is_closed():
            await self._ask("select true", ())

    async def close(self) -> None:
        """End all leases and close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=CANCEL_S)

    async def _ask(self, query: str, arguments: tuple[int, ...]) -> bool:
        """The answer of the server. After an error the connection is closed: what the server did is unknown."""
        async with self._one_statement:
            connection = await self._connected()
            try:
                answer = await connection.fetchval(query, *arguments, timeout=_ANSWER_S)
                await refuse_read_only(connection)
            except BaseException:
                connection.terminate()
                raise
            return bool(answer)

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            settings = {
                "application_name": f"hva-{self._service}-leases",
                "idle_session_timeout": f"{_SILENCE_S}s",
                **SERVER_TIMEOUTS,
            }
            self._connection = await asyncpg.connect(
                self._dsn, timeout=_ANSWER_S, connection_class=BoundedConnection, server_settings=settings
            )
            self._connection.add_termination_listener(self._on_lost)
        return self._connection

    def _on_lost(self, connection: Any) -> None:
        """Cancel every job whose lease ended with the connection."""
        if connection is not self._connection:
            return
        for held in self._held.values():
            if held.taken and not held.lost:
                held.lost = True
                held.task.cancel()
