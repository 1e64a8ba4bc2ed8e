"""Wiring of the service: which handlers and jobs run. No logic."""

from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaProducer

from services.segments.handlers import on_care, on_person
from services.segments.metrics import GAUGES
from services.segments.outbox import Outbox
from services.segments.store import REFOLD, REPLAY
from shared.contracts.catalogue import CARE, PERSON, SEGMENT, Topic
from shared.edge.produce import make_producer
from shared.edge.runtime import Job, Runtime, Wiring
from shared.edge.tasks import MakeRunner, current_runner, family_jobs

HANDLERS: Final[Mapping[Topic, MakeRunner]] = {CARE: on_care, PERSON: on_person}


async def build(runtime: Runtime) -> Wiring:
    """Subscribe the handlers to their topics and set up the outbox and the jobs."""
    settings = runtime.settings
    topic = settings.topic_prefix + SEGMENT.name

    def make_outbox_producer() -> AIOKafkaProducer:
        return make_producer(settings.kafka, "hva-segments", transactional=topic)

    outbox = Outbox(runtime.background, topic, make_outbox_producer)

    async def publish_pending() -> None:
        await outbox.publish_pending()

    return Wiring(
        subscriptions=[(topic, current_runner(runtime, make)) for topic, make in HANDLERS.items()],
        jobs=[
            Job("outbox", 0.1, publish_pending, alone=True),
            *family_jobs(runtime, REFOLD, REPLAY, HANDLERS, GAUGES, outbox.enqueue_all),
        ],
        close=outbox.close,
    )
