"""Wiring of the service: which handlers and jobs run. No logic."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.fcr.cells import Cells
from services.fcr.handlers import on_contact, on_person, on_segment
from services.fcr.metrics import GAUGES
from services.fcr.store import REFOLD, REPLAY, SCHEMA
from shared.contracts.catalogue import CONTACT, PERSON, SEGMENT, Topic
from shared.edge.runtime import Job, Runtime, Wiring
from shared.edge.tasks import MakeRunner, current_runner, publication, redrive, refold, replay
from shared.gauges import PublishedGauges

HANDLERS: Final[Mapping[Topic, MakeRunner]] = {CONTACT: on_contact, PERSON: on_person, SEGMENT: on_segment}


async def build(runtime: Runtime) -> Wiring:
    """Subscribe the handlers to their topics and set up the jobs."""
    gauges, cells = PublishedGauges(GAUGES, runtime.registry), Cells(runtime.pool)
    with_cells = replace(REPLAY, cells=cells.check)
    return Wiring(
        subscriptions=[(topic, current_runner(runtime, make)) for topic, make in HANDLERS.items()],
        jobs=[
            Job("cells", 0.5, cells.refresh),
            Job("gauges", 5.0, lambda: gauges.refresh(runtime.pool)),
            Job("refold", 1.0, refold(runtime, REFOLD)),
            Job("replay", 1.0, replay(runtime, with_cells, HANDLERS)),
            Job("redrive", 1.0, redrive(runtime, SCHEMA, HANDLERS)),
            Job("publication", 2.0, publication(runtime, SCHEMA)),
        ],
    )
