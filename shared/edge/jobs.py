"""Runs the periodic jobs of a service, those of which only one replica may run under their lease."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Summary

from shared.edge.runtime import Job, Runtime

RETRY_S: Final = 2.0
"""How often a replica asks for a lease that another one holds."""


class JobMetrics:
    """Which jobs this replica runs, how long their runs take, and how many fail."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "1 while this replica holds the lease of a job, of a county or (without one) of the service."
        self._held = Gauge("hva_job_held", text, ["job", "county"], registry=registry)
        self.seconds = Summary("hva_job_seconds", "Time of one run of a job.", ["job"], registry=registry)
        self.failures = Counter("hva_job_failures", "Runs of a job that failed.", ["job"], registry=registry)

    def lease(self, job: str, county: str, held: bool) -> None:
        """Show a lease that this replica holds, or no longer."""
        if held:
            self._held.labels(job, county).set(1)
        else:
            self._held.remove(job, county)


async def run_job(runtime: Runtime, metrics: JobMetrics, job: Job) -> None:
    """Run a job again and again until the service stops; if it must run alone, while this replica holds its lease."""
    if not job.alone:
        await _repeat(runtime, metrics, job)
        return
    while not runtime.stopping.is_set():
        async with _reported(runtime, metrics, job), runtime.leases.hold(job.name, "") as held:
            if held:
                await _repeat(runtime, metrics, job)
        await pause(runtime, RETRY_S)


async def pause(runtime: Runtime, seconds: float) -> None:
    """Sleep; return early if the service has to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(runtime.stopping.wait(), seconds)


async def _repeat(runtime: Runtime, metrics: JobMetrics, job: Job) -> None:
    seconds = metrics.seconds.labels(job.name)
    while not runtime.stopping.is_set():
        began = time.monotonic()
        async with _reported(runtime, metrics, job):
            await job.run()
        seconds.observe(time.monotonic() - began)
        await pause(runtime, job.every_s)


@contextlib.asynccontextmanager
async def _reported(runtime: Runtime, metrics: JobMetrics, job: Job) -> AsyncIterator[None]:
    """Report an error, and go on: the next run tries again. So does it when something that the job waited for was
    cancelled, and not the job."""
    task = asyncio.current_task()
    assert task is not None
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and task.cancelling():
            raise
        metrics.failures.labels(job.name).inc()
        runtime.logger.warning("a job failed", extra={"job": job.name}, exc_info=error)
