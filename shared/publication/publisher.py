"""The publishing job of a family service: requests first, then what is due, one county and year
after another.

Each is published by a separate process (`shared.publication.__main__`): disclosure control computes for up to a minute,
and its memory is free again when the process ends.
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
from shared.publication.due import due, known, next_request, requested
from shared.publication.metrics import PublicationMetrics
from shared.publication.publish import LOCK
from shared.publication.replace import note_failure
from shared.publication.snapshot import CountyYear

_RETRY_S: Final = 300.0  # after a failure
_TIMEOUT_S: Final = 900.0
# Only checks the lock: it is released at the end of the transaction.
_BUSY: Final = "select not pg_try_advisory_xact_lock($1, $2)"
_BEGIN: Final = """
update {schema}.publication_request
set started_at = coalesce(started_at, clock_timestamp()), total = $2, done = 0 where request = $1
"""
_STEP: Final = "update {schema}.publication_request set done = $2 where request = $1"
_END: Final = "update {schema}.publication_request set ended_at = clock_timestamp(), failed = $2 where request = $1"

PublishYear = Callable[[str, CountyYear, datetime], Awaitable[bool]]
"""Publish a county and year of a family as of a time. Returns False while another publisher is at work. Raises
PublicationError."""


class PublicationError(Exception):
    """A county and year could not be published; the previous publication stays."""


class Publisher:
    """Publishes one family. `every`: the greatest age of the current year's figures while publications succeed."""

    def __init__(
        self,
        family: str,
        pool: Pool,
        publish: PublishYear,
        metrics: PublicationMetrics,
        every: timedelta,
        logger: logging.Logger,
        clock: Clock = system_clock,
    ) -> None:
        self._family, self._pool, self._publish, self._metrics = family, pool, publish, metrics
        self._every, self._logger, self._clock = every, logger, clock
        self._paused_until: dict[CountyYear, float] = {}

    async def run(self) -> None:
        """Process the oldest request, then publish what is due. Does nothing while another publisher is at work."""
        if not await self._is_busy():
            await self._do_request()
            await self._publish_due()

    async def _is_busy(self) -> bool:
        found: bool = await self._pool.fetchval(_BUSY, LOCK, SERVICE_NUMBERS[self._family])
        return found

    async def _publish_due(self) -> None:
        async with self._pool.acquire() as connection:
            now = self._clock()
            county_years = due(await known(connection, self._family, now), now, self._every)
        for county_year in county_years:
            if await self._is_requested():
                return
            if time.monotonic() >= self._paused_until.get(county_year, 0.0) and not await self._try(county_year):
                return

    async def _is_requested(self) -> bool:
        """Whether a request is waiting: requests come before what is due."""
        async with self._pool.acquire() as connection:
            return await next_request(connection, self._family) is not None

    async def _try(self, county_year: CountyYear) -> bool:
        """Publish, or after a failure pause this county and year; False while another replica publishes."""
        try:
            return await self._publish(self._family, county_year, self._clock())
        except PublicationError as error:
            self._paused_until[county_year] = time.monotonic() + _RETRY_S
            await self._note(county_year, error)
            return True

    async def _note(self, county_year: CountyYear, error: PublicationError) -> None:
        """Report a failed publication: log, metric and table."""
        self._metrics.failed()
        self._logger.warning("a publication failed", extra={"year": county_year.year, "kind": str(error)})
        async with self._pool.acquire() as connection:
            await note_failure(connection, self._family, county_year, self._clock(), str(error))

    async def _do_request(self) -> None:
        async with self._pool.acquire() as connection:
            request = await next_request(connection, self._family)
            rows = await known(connection, self._family, self._clock()) if request else ()
        if request is not None:
            await self._publish_all(request.request, requested(rows, request))

    async def _publish_all(self, request: int, county_years: Sequence[CountyYear]) -> None:
        """A request that a crash interrupted stays open."""
        await self._pool.execute(_BEGIN.format(schema=self._family), request, len(county_years))
        failed: str | None = None
        for done, county_year in enumerate(county_years, 1):
            try:
                if not await self._publish(self._family, county_year, self._clock()):
                    return
            except PublicationError as error:
                await self._note(county_year, error)
                failed = str(error)
            await self._pool.execute(_STEP.format(schema=self._family), request, done)
        await self._pool.execute(_END.format(schema=self._family), request, failed)


def publish_in_process(dsn: str) -> PublishYear:
    """Publish in a process that ends with this one."""

    async def publish(family: str, county_year: CountyYear, now: datetime) -> bool:
        county, year = county_year.county, county_year.year
        job = {"dsn": dsn, "family": family, "county": county, "year": year, "now": now.isoformat()}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "shared.publication", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            return await asyncio.wait_for(_finish(process, json.dumps(job)), _TIMEOUT_S)
        except TimeoutError:
            raise PublicationError("TimeoutError") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return publish


async def _finish(process: asyncio.subprocess.Process, job: str) -> bool:
    """Pass the job to the process and wait for its end. Standard input stays open: its end would end the process."""
    assert process.stdin is not None and process.stderr is not None
    process.stdin.write(f"{job}\n".encode())
    errors = await process.stderr.read()
    code = await process.wait()
    if code not in (0, BUSY):
        raise PublicationError(_kind(errors, code))
    return code == 0


def _kind(errors: bytes, code: int) -> str:
    """The type of an error from its traceback, without its message, which may contain figures."""
    lines = errors.decode(errors="replace").strip().splitlines()
    kind = lines[-1].split(":", 1)[0] if lines else ""
    return kind if kind.replace(".", "").replace("_", "").isalnum() else f"exit code {code}"
