"""Tasks that all family services share: run batches with the current registers, refold, replay, redrive."""

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final, TypeVar

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from shared.batch import BatchRunner, Decode
from shared.clock import Clock, system_clock
from shared.contracts.catalogue import Topic
from shared.dead_letters import Rejected
from shared.edge.retained import RetainedHandler, read_retained
from shared.edge.runtime import Runtime
from shared.edge.watch import Task
from shared.metrics import PipelineMetrics
from shared.postgres.commit import Apply, HasCounty, StoreCommit
from shared.postgres.lock import SERVICE_NUMBERS
from shared.postgres.redrive import redrive_due
from shared.postgres.refold import Refold
from shared.postgres.replay import Replay
from shared.postgres.replay_due import Afterwards, last_failed, last_wrong, read_due, replay_due
from shared.publication.metrics import PublicationMetrics
from shared.publication.publisher import Publisher, publish_in_process
from shared.record import PlainRecord, Record

E = TypeVar("E", bound=HasCounty)

_PAUSE_S: Final = 1.0
_MAX_PAUSE_S: Final = 60.0

MakeRunner = Callable[[Runtime], BatchRunner[Any]]
"""Makes a runner bound to the current registers, so that facts are never derived by one version of the registers and
recorded under another."""


def store_runner(runtime: Runtime, schema: str, topic: Topic, decode: Decode[E], apply: Apply[E]) -> BatchRunner[E]:
    """Make a runner that decodes records of a topic and applies them to the service's schema, county by county."""
    return BatchRunner(
        topic=topic.name,
        decode=decode,
        commit=StoreCommit(schema, runtime.pool, runtime.cipher, apply, runtime.metrics.step),
        metrics=runtime.metrics,
        logger=runtime.logger,
        health=runtime.health,
        county_of=attrgetter("county"),
    )


def current_runner(runtime: Runtime, make: MakeRunner) -> Callable[[], BatchRunner[Any]]:
    """Make a function that returns the runner of the current registers: the same one until they change."""
    registers, runner = runtime.registers, make(runtime)

    def current() -> BatchRunner[Any]:
        nonlocal registers, runner
        if registers is not runtime.registers:
            registers, runner = runtime.registers, make(runtime)
        return runner

    return current


class RefoldGauges:
    """The state of refolds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "1 while the refold after a change of registers fails; it is tried again."
        self.failed = Gauge("hva_refold_failed", text, registry=registry)
        text = "1 while a changed segment rule is activated for a county; its new events wait."
        self.activating = Gauge("hva_refold_swapping", text, registry=registry)


def refold(runtime: Runtime, refold: Refold, monotonic: Callable[[], float] = time.monotonic) -> Task:
    """Refold the facts of every county by the current registers.

    After a database error the pause before the next attempt doubles, because each attempt locks a county.
    """
    gauges = RefoldGauges(runtime.registry)
    pause, pause_until, began = _PAUSE_S, 0.0, 0.0

    def report(county: str | None) -> None:
        nonlocal began
        gauges.activating.set(county is not None)
        if county is None:
            runtime.health.warn("refold", None)
            runtime.logger.info("the activation has ended", extra={"seconds": round(monotonic() - began, 1)})
        else:
            began = monotonic()
            runtime.health.warn("refold", f"a changed rule is being activated in {county}; its new events wait")
            runtime.logger.info("a changed rule is being activated", extra={"county": county})

    async def run() -> None:
        nonlocal pause, pause_until
        if monotonic() < pause_until:
            return
        try:
            changed = await refold.run(runtime.pool, runtime.registers, report)
        except Exception as error:
            if isinstance(error, asyncpg.PostgresError):
                pause_until, pause = monotonic() + pause, min(2 * pause, _MAX_PAUSE_S)
            gauges.failed.set(1)
            runtime.health.warn("refold", f"failed: {type(error).__name__}; it is tried again")
            raise
        runtime.health.warn("refold", None)
        pause, pause_until = _PAUSE_S, 0.0
        gauges.failed.set(0)
        if changed:
            runtime.logger.info("refolded after a register change", extra={"facts": changed})

    return run


def audit_gauge(registry: CollectorRegistry) -> Gauge:
    """Make the gauge of how much the last replay or audit found wrong."""
    text = "Facts and stored figures that the last replay or nightly audit found wrong."
    return Gauge("hva_wrong_cells", text, registry=registry)


def failed_audit_gauge(registry: CollectorRegistry) -> Gauge:
    """Make the gauge of whether the last replay or audit failed."""
    text = "1 when the last replay or nightly audit failed or was aborted."
    return Gauge("hva_replay_failed", text, registry=registry)


def replay(
    runtime: Runtime,
    replay: Replay,
    handlers: Mapping[Topic, MakeRunner],
    afterwards: Afterwards | None = None,
    clock: Clock = system_clock,
) -> Task:
    """Run requested replays and the nightly audit, and report how much the last one found wrong."""
    wrong = audit_gauge(runtime.registry)
    failed = failed_audit_gauge(runtime.registry)
    service = SERVICE_NUMBERS[replay.schema]

    async def read() -> int:
        # Topics that are kept for ever come first: they carry erasures, merges and memberships.
        topics = sorted(handlers, key=lambda topic: topic.retention_ms)
        handle = {topic: _uncounted_handler(runtime, handlers[topic]) for topic in topics}
        return sum([await read_retained(runtime.settings, topic, handle[topic]) for topic in topics])

    async def run() -> None:
        failed.set(await last_failed(runtime.pool, replay.schema))
        records = await read_due(runtime.pool, service, replay.schema, read)
        if records is not None:
            runtime.logger.info("read again what Kafka retains", extra={"records": records})
        found = await replay_due(runtime.pool, service, replay, runtime.registers, clock(), afterwards)
        if found:
            runtime.logger.info("replayed", extra=found._asdict())
        wrong.set(await last_wrong(runtime.pool, replay.schema) or 0)

    return run


def publication(runtime: Runtime, schema: str) -> Task:
    """Publish the figures of the family that were requested or are due."""
    settings = runtime.settings
    every = timedelta(seconds=settings.publish_every_s)
    publish = publish_in_process(settings.postgres)
    metrics = PublicationMetrics(schema, runtime.registry)
    return Publisher(schema, runtime.pool, publish, metrics, every, runtime.logger).run


def _uncounted_handler(runtime: Runtime, make: MakeRunner) -> RetainedHandler:
    """Make a handler without metrics for records that are read again: they were counted when they first came."""

    async def run(records: Sequence[Record]) -> None:
        uncounted = copy(runtime)
        uncounted.metrics = PipelineMetrics(runtime.settings.service, CollectorRegistry())
        await make(uncounted).run(records)

    return run


def redrive(runtime: Runtime, schema: str, handlers: Mapping[Topic, MakeRunner], clock: Clock = system_clock) -> Task:
    """Redrive the dead letters that are due, each with the handler of its topic."""
    by_name = {runtime.settings.topic_prefix + topic.name: make for topic, make in handlers.items()}

    async def attempt(record: PlainRecord) -> Rejected | None:
        return await by_name[record.topic](runtime).attempt(record)

    async def run() -> None:
        version = runtime.registers.version
        tried = await redrive_due(runtime.pool, schema, runtime.cipher, attempt, version, clock())
        if tried:
            runtime.logger.info("tried dead letters again", extra={"dead_letters": tried})

    return run
