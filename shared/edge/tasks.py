"""What the family services do alike: run batches by the registers of the moment, refold, try letters again."""

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import timedelta
from typing import Any, Final, TypeVar

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from shared.batch import BatchRunner, Decode
from shared.clock import Clock, system_clock
from shared.contracts.catalogue import Topic
from shared.dead_letters import Rejected
from shared.edge.consume import BatchHandler
from shared.edge.retained import read_retained
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
"""A runner bound to the registers that the service has when it is made: made anew for every batch, so that facts
are never derived by one version of the registers and written as of another."""


def store_runner(runtime: Runtime, schema: str, topic: Topic, decode: Decode[E], apply: Apply[E]) -> BatchRunner[E]:
    """Decode a batch of a topic and apply it to the service's schema, in one transaction with its letters."""
    return BatchRunner(
        topic=topic.name,
        decode=decode,
        commit=StoreCommit(schema, runtime.pool, runtime.sealer, apply),
        metrics=runtime.metrics,
        logger=runtime.logger,
        health=runtime.health,
        max_records=runtime.settings.max_records,
    )


def batch_handler(runtime: Runtime, make: MakeRunner) -> BatchHandler:
    """The handler of a topic."""

    async def run(records: Sequence[Record]) -> None:
        await make(runtime).run(records)

    return run


class RefoldGauges:
    """How bringing facts to changed registers goes on."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "1 while bringing facts to changed registers fails; it is tried again."
        self.failed = Gauge("hva_refold_failed", text, registry=registry)
        text = "1 while a changed rule comes into force for a county, whose new events wait."
        self.swapping = Gauge("hva_refold_swapping", text, registry=registry)


def refold(runtime: Runtime, refold: Refold, monotonic: Callable[[], float] = time.monotonic) -> Task:
    """Bring the facts of every county to the registers of now.

    What the database refuses is tried again after a pause that doubles: each attempt holds a county.
    """
    gauges = RefoldGauges(runtime.registry)
    pause, pause_until, began = _PAUSE_S, 0.0, 0.0

    def report(county: str | None) -> None:
        nonlocal began
        gauges.swapping.set(county is not None)
        if county is None:
            runtime.health.warn("refold", None)
            runtime.logger.info("the swap has ended", extra={"seconds": round(monotonic() - began, 1)})
        else:
            began = monotonic()
            runtime.health.warn("refold", f"a changed rule comes into force in {county}; its new events wait")
            runtime.logger.info("a changed rule comes into force", extra={"county": county})

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
            runtime.logger.info("refolded by changed registers", extra={"facts": changed})

    return run


def audit_gauge(registry: CollectorRegistry) -> Gauge:
    """What the last replay or audit found wrong."""
    text = "Facts and stored figures that the last replay or nightly audit found wrong."
    return Gauge("hva_wrong_cells", text, registry=registry)


def failed_audit_gauge(registry: CollectorRegistry) -> Gauge:
    """Whether the last replay or audit came to no result."""
    text = "1 when the last replay or nightly audit failed, or was given up."
    return Gauge("hva_replay_failed", text, registry=registry)


def replay(
    runtime: Runtime,
    replay: Replay,
    handlers: Mapping[Topic, MakeRunner],
    afterwards: Afterwards | None = None,
    clock: Clock = system_clock,
) -> Task:
    """Do the replays that were asked for and the nightly audit, and show how much the last one found wrong."""
    wrong = audit_gauge(runtime.registry)
    failed = failed_audit_gauge(runtime.registry)
    service = SERVICE_NUMBERS[replay.schema]

    async def read() -> int:
        # What is kept for ever comes first: who is erased, who is one person and who is a member are known then.
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
    """Publish the figures of the family: what was asked for, and what is due."""
    settings = runtime.settings
    every = timedelta(seconds=settings.publish_every_s)
    publish = publish_in_process(settings.postgres)
    metrics = PublicationMetrics(schema, runtime.registry)
    return Publisher(schema, runtime.pool, publish, metrics, every, runtime.logger).run


def _uncounted_handler(runtime: Runtime, make: MakeRunner) -> BatchHandler:
    """The handler of records that are read again: they were counted, and were fresh, when they came."""

    async def run(records: Sequence[Record]) -> None:
        uncounted = copy(runtime)
        uncounted.metrics = PipelineMetrics(runtime.settings.service, CollectorRegistry())
        await make(uncounted).run(records)

    return run


def redrive(runtime: Runtime, schema: str, handlers: Mapping[Topic, MakeRunner], clock: Clock = system_clock) -> Task:
    """Try the letters that are due, each by the handler of its topic."""
    by_name = {runtime.settings.topic_prefix + topic.name: make for topic, make in handlers.items()}

    async def attempt(record: PlainRecord) -> Rejected | None:
        return await by_name[record.topic](runtime).attempt(record)

    async def run() -> None:
        version = runtime.registers.version
        tried = await redrive_due(runtime.pool, schema, runtime.sealer, attempt, version, clock())
        if tried:
            runtime.logger.info("tried dead letters again", extra={"letters": tried})

    return run
