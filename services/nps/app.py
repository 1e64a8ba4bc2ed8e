"""Wiring of the service: handlers and jobs. No logic."""

from collections.abc import Mapping
from typing import Final

from services.nps.handlers import on_feedback, on_person, on_segment
from services.nps.metrics import GAUGES
from services.nps.store import REFOLD, REPLAY
from shared.contracts.catalogue import FEEDBACK, PERSON, SEGMENT, Topic
from shared.edge.runtime import Runtime, Wiring
from shared.edge.tasks import MakeRunner, current_runner, family_jobs

HANDLERS: Final[Mapping[Topic, MakeRunner]] = {FEEDBACK: on_feedback, PERSON: on_person, SEGMENT: on_segment}


async def build(runtime: Runtime) -> Wiring:
    """Consume feedback, erasures and membership histories; keep figures and gauges current."""
    return Wiring(
        subscriptions=[(topic, current_runner(runtime, make)) for topic, make in HANDLERS.items()],
        jobs=family_jobs(runtime, REFOLD, REPLAY, HANDLERS, GAUGES),
    )
