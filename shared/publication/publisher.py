"""The publishing job of a family service: requests first, then what is due, one unit after another.

Each is published by a process of its own (`shared.publication.__main__`): protecting is pure computation of up to a
minute, and the memory of it is given back.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.clock import Clock, system_clock
from shared.postgres.chunks import Pool
from shared.postgres.lock import SERVICE_NUMBERS
from shared.publication.__main__ import BUSY
from shared.publication.due import asked, due, known, next_request
from shared.publication.metrics import PublicationMetrics
from shared.publication.publish import LOCK
from shared.publication.snapshot import Unit
from shared.publication.swap import note_failure

_RETRY_S: Final = 300.0  # after a failure
_LONGEST_S: Final = 900.0
# The lock is released at the end of the transaction: this only checks it.
_BUSY: Final = "select not pg_try_advisory_xact_lock($1, $2)"
_BEGIN: Final = """
update {schema}.publication_request
set started_at = coalesce(started_at, clock_timestamp()), total = $2, done = 0 where request = $1
"""
_STEP: Final = "update {schema}.publication_request set done = $2 where request = $1"
_END: Final = "update {schema}.publication_request set ended_at = clock_timestamp(), failed = $2 where request = $1"

PublishUnit = Callable[[str, Unit, datetime], Awaitable[bool]]
"""Publish a unit of a family as of a time; False where another publisher is at work. Raises PublicationError."""


class PublicationError(Exception):
    """A unit could not be published; the older publication stays."""


class Publisher:
    """Publishes one family. `every`: how old the figures of the current year become at most, in good health."""

    def __init__(
        self,
        family: str,
        pool: Pool,
        publish: PublishUnit,
        metrics: PublicationMetrics,
        every: timedelta,
        logger: logging.Logger,
        clock: Clock = system_clock,
    ) -> None:
        self._family, self._pool, self._publish, self._metrics = family, pool, publish, metrics
        self._every, self._logger, self._clock = every, logger, clock
        self._rests_until: dict[Unit, float] = {}

    async def run(self) -> None:
        """Do the oldest request, and publish what is due. Nothing where another replica publishes."""
        if not await self._is_busy():
            await self._do_request()
            await self._publish_due()
        await self._metrics.refresh(self._pool)

    async def _is_busy(self) -> bool:
        found: bool = await self._pool.fetchval(_BUSY, LOCK, SERVICE_NUMBERS[self._family])
        return found

    async def _publish_due(self) -> None:
        async with self._pool.acquire() as connection:
            now = self._clock()
            units = due(await known(connection, self._family, now), now, self._every)
        for unit in units:
            if await self._is_asked():
                return
            if time.monotonic() >= self._rests_until.get(unit, 0.0) and not await self._try(unit):
                return

    async def _is_asked(self) -> bool:
        """Whether a request waits. It goes before the rest of what is due."""
        async with self._pool.acquire() as connection:
            return await next_request(connection, self._family) is not None

    async def _try(self, unit: Unit) -> bool:
        """Publish a unit, and pause it after a failure; False where another replica publishes."""
        try:
            return await self._publish(self._family, unit, self._clock())
        except PublicationError as error:
            self._rests_until[unit] = time.monotonic() + _RETRY_S
            await self._note(unit, error)
            return True

    async def _note(self, unit: Unit, error: PublicationError) -> None:
        """Report a failed publication: log, metric and table."""
        self._metrics.failed()
        self._logger.warning("a publication failed", extra={"year": unit.year, "kind": str(error)})
        async with self._pool.acquire() as connection:
            await note_failure(connection, self._family, unit, self._clock(), str(error))

    async def _do_request(self) -> None:
        async with self._pool.acquire() as connection:
            request = await next_request(connection, self._family)
            rows = await known(connection, self._family, self._clock()) if request else ()
        if request is not None:
            await self._publish_all(request.request, asked(rows, request))

    async def _publish_all(self, request: int, units: Sequence[Unit]) -> None:
        """A request that a crash interrupted stays open."""
        await self._pool.execute(_BEGIN.format(schema=self._family), request, len(units))
        failed: str | None = None
        for done, unit in enumerate(units, 1):
            try:
                if not await self._publish(self._family, unit, self._clock()):
                    return
            except PublicationError as error:
                await self._note(unit, error)
                failed = str(error)
            await self._pool.execute(_STEP.format(schema=self._family), request, done)
        await self._pool.execute(_END.format(schema=self._family), request, failed)


def publish_in_process(dsn: str) -> PublishUnit:
    """Publish in a process that ends with this one."""

    async def publish(family: str, unit: Unit, now: datetime) -> bool:
        order = {"dsn": dsn, "family": family, "county": unit.county, "year": unit.year, "now": now.isoformat()}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shared.publication", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            return await asyncio.wait_for(_finish(process, json.dumps(order)), _LONGEST_S)
        except TimeoutError:
            raise PublicationError("TimeoutError") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return publish


async def _finish(process: asyncio.subprocess.Process, order: str) -> bool:
    """Pass the order to the process and wait for its end. Standard input stays open: its end would end the process."""
    assert process.stdin is not None and process.stderr is not None
    process.stdin.write(f"{order}\n".encode())
    errors = await process.stderr.read()
    code = await process.wait()
    if code not in (0, BUSY):
        raise PublicationError(_kind(errors, code))
    return code == 0


def _kind(errors: bytes, code: int) -> str:
    """The kind of an error out of its traceback, without its text, which may hold figures."""
    lines = errors.decode(errors="replace").strip().splitlines()
    kind = lines[-1].split(":", 1)[0] if lines else ""
    return kind if kind.replace(".", "").replace("_", "").isalnum() else f"exit code {code}"
