"""Wiring of the service: handlers and jobs. No logic."""

from collections.abc import Mapping
from typing import Final

from services.nps.handlers import on_feedback, on_person, on_segment
from services.nps.metrics import GAUGES
from services.nps.store import REFOLD, REPLAY, SCHEMA
from shared.contracts.catalogue import FEEDBACK, PERSON, SEGMENT, Topic
from shared.edge.runtime import Job, Runtime, Wiring
from shared.edge.tasks import MakeRunner, current_runner, publication, redrive, refold, replay
from shared.gauges import PublishedGauges

HANDLERS: Final[Mapping[Topic, MakeRunner]] = {FEEDBACK: on_feedback, PERSON: on_person, SEGMENT: on_segment}


async def build(runtime: Runtime) -> Wiring:
    """Consume feedback, erasures and membership histories; keep figures and gauges current."""
    gauges = PublishedGauges(GAUGES, runtime.registry)
    return Wiring(
        subscriptions=[(topic, current_runner(runtime, make)) for topic, make in HANDLERS.items()],
        jobs=[
            Job("gauges", 5.0, lambda: gauges.refresh(runtime.pool)),
            Job("refold", 1.0, refold(runtime, REFOLD)),
            Job("replay", 1.0, replay(runtime, REPLAY, HANDLERS)),
            Job("redrive", 1.0, redrive(runtime, SCHEMA, HANDLERS)),
            Job("publication", 2.0, publication(runtime, SCHEMA)),
        ],
    )
