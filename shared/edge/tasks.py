"""Tasks that all family services share: run batches with the current registers, refold, replay, audit, redrive,
publish."""

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
from shared.edge.runtime import Job, Runtime
from shared.edge.watch import Task
from shared.gauges import Gauge as PublishedGauge
from shared.gauges import PublishedGauges
from shared.metrics import PipelineMetrics
from shared.postgres.audit_due import audit_due
from shared.postgres.commit import Apply, HasCounty, StoreCommit
from shared.postgres.redrive import redrive_due
from shared.postgres.refold import Refold
from shared.postgres.replay import Replay
from shared.postgres.replay_due import Afterwards, last_state, read_due, replay_due
from shared.publication.metrics import PublicationMetrics, publication_state
from shared.publication.publisher import Publisher, publish_in_process
from shared.record import PlainRecord, Record
from shared.registers.calendar import local_day

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


def in_background(runtime: Runtime) -> Runtime:
    """The runtime for runners that work for a job: they use its connections, not those of the batches."""
    changed = copy(runtime)
    changed.pool = runtime.background
    return changed


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
            changed = await refold.run(runtime.background, runtime.registers, report, runtime.leases.hold)
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


class AuditGauges:
    """What the last replay or audit of each county found."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "Facts and stored figures that the last replay or nightly audit of each county found wrong."
        self.wrong = Gauge("hva_wrong_cells", text, registry=registry)
        text = "1 when the last replay or nightly audit of a county failed or was aborted."
        self.failed = Gauge("hva_replay_failed", text, registry=registry)


def replay(
    runtime: Runtime, replay: Replay, handlers: Mapping[Topic, MakeRunner], afterwards: Afterwards | None = None
) -> Task:
    """Run requested replays."""

    async def read() -> int:
        # Topics that are kept for ever come first: they carry erasures, merges and memberships.
        topics = sorted(handlers, key=lambda topic: topic.retention_ms)
        handle = {topic: _uncounted_handler(runtime, handlers[topic]) for topic in topics}
        return sum([await read_retained(runtime.settings, topic, handle[topic]) for topic in topics])

    async def run() -> None:
        records = await read_due(runtime.background, replay.schema, read)
        if records is not None:
            runtime.logger.info("read again what Kafka retains", extra={"records": records})
        found = await replay_due(runtime.background, replay, runtime.registers, afterwards)
        if found:
            runtime.logger.info("replayed", extra=found._asdict())

    return run


def audit(runtime: Runtime, replay: Replay, clock: Clock = system_clock) -> Task:
    """Audit one county that is due at night."""

    async def run() -> None:
        audited = await audit_due(runtime.background, runtime.leases.hold, replay, runtime.registers, clock())
        if audited:
            runtime.logger.info("audited", extra={"county": audited.county, **audited.found._asdict()})

    return run


def audit_state(runtime: Runtime, schema: str) -> Task:
    """Report what the last replay or audit of each county found, whichever replica ran it."""
    gauges = AuditGauges(runtime.registry)

    async def run() -> None:
        wrong, failed = await last_state(runtime.background, schema)
        gauges.wrong.set(wrong)
        gauges.failed.set(failed)

    return run


def publication(runtime: Runtime, schema: str, metrics: PublicationMetrics) -> Task:
    """Publish the figures of the family that were requested or are due."""
    settings = runtime.settings
    every = timedelta(seconds=settings.publish_every_s)
    publish = publish_in_process(settings.postgres)
    return Publisher(schema, runtime.background, publish, metrics, every, runtime.logger).run


def show_published(
    runtime: Runtime,
    schema: str,
    metrics: PublicationMetrics,
    gauges: PublishedGauges,
    clock: Clock = system_clock,
) -> Task:
    """Read the published figures for the gauges, again only after a publication or a closing, and on another day."""
    shown: object = None

    async def run() -> None:
        nonlocal shown
        state = (local_day(clock()), await publication_state(runtime.background, schema))
        if state != shown:
            await metrics.refresh(runtime.background)
            await gauges.refresh(runtime.background)
            shown = state

    return run


def family_jobs(
    runtime: Runtime,
    refolding: Refold,
    replaying: Replay,
    handlers: Mapping[Topic, MakeRunner],
    gauges: Mapping[str, PublishedGauge],
    afterwards: Afterwards | None = None,
) -> list[Job]:
    """The background jobs that all family services have. `afterwards`: what the family does after a replay."""
    schema = replaying.schema
    metrics = PublicationMetrics(schema, runtime.registry)
    return [
        Job("gauges", 5.0, show_published(runtime, schema, metrics, PublishedGauges(gauges, runtime.registry))),
        Job("refold", 1.0, refold(runtime, refolding)),
        Job("replay", 1.0, replay(runtime, replaying, handlers, afterwards), alone=True),
        Job("audit", 10.0, audit(runtime, replaying)),
        Job("audit state", 5.0, audit_state(runtime, schema)),
        Job("redrive", 1.0, redrive(runtime, schema, handlers), alone=True),
        Job("publication", 2.0, publication(runtime, schema, metrics), alone=True),
    ]


def _uncounted_handler(runtime: Runtime, make: MakeRunner) -> RetainedHandler:
    """Make a handler without metrics for records that are read again: they were counted when they first came."""

    async def run(records: Sequence[Record]) -> None:
        uncounted = in_background(runtime)
        uncounted.metrics = PipelineMetrics(runtime.settings.service, CollectorRegistry())
        await make(uncounted).run(records)

    return run


def redrive(runtime: Runtime, schema: str, handlers: Mapping[Topic, MakeRunner], clock: Clock = system_clock) -> Task:
    """Redrive the dead letters that are due, each with the handler of its topic."""
    by_name = {runtime.settings.topic_prefix + topic.name: make for topic, make in handlers.items()}

    async def attempt(record: PlainRecord) -> Rejected | None:
        return await by_name[record.topic](in_background(runtime)).attempt(record)

    async def run() -> None:
        version = runtime.registers.version
        tried = await redrive_due(runtime.background, schema, runtime.cipher, attempt, version, clock())
        if tried:
            runtime.logger.info("tried dead letters again", extra={"dead_letters": tried})

    return run
