"""Wiring of the service: which handlers and jobs run. No logic."""

from collections.abc import Mapping
from typing import Final

from services.segments.handlers import on_care, on_person
from services.segments.metrics import GAUGES
from services.segments.outbox import Outbox
from services.segments.store import REFOLD, REPLAY, SCHEMA
from shared.contracts.catalogue import CARE, PERSON, SEGMENT, Topic
from shared.edge.produce import make_producer
from shared.edge.runtime import Job, Runtime, Wiring
from shared.edge.tasks import MakeRunner, current_runner, publication, redrive, refold, replay
from shared.gauges import PublishedGauges

HANDLERS: Final[Mapping[Topic, MakeRunner]] = {CARE: on_care, PERSON: on_person}


async def build(runtime: Runtime) -> Wiring:
    """Subscribe the handlers to their topics and set up the outbox and the jobs."""
    settings, gauges = runtime.settings, PublishedGauges(GAUGES, runtime.registry)
    topic = settings.topic_prefix + SEGMENT.name
    outbox = Outbox(runtime.pool, topic, lambda: make_producer(settings.kafka, "hva-segments", transactional=topic))

    async def publish_pending() -> None:
        await outbox.publish_pending()

    return Wiring(
        subscriptions=[(topic, current_runner(runtime, make)) for topic, make in HANDLERS.items()],
        jobs=[
            Job("outbox", 0.1, publish_pending),
            Job("gauges", 5.0, lambda: gauges.refresh(runtime.pool)),
            Job("refold", 1.0, refold(runtime, REFOLD)),
            Job("replay", 1.0, replay(runtime, REPLAY, HANDLERS, outbox.enqueue_all)),
            Job("redrive", 1.0, redrive(runtime, SCHEMA, HANDLERS)),
            Job("publication", 2.0, publication(runtime, SCHEMA)),
        ],
        close=outbox.close,
    )
