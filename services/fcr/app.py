"""Wiring of the service: which handlers and jobs run. No logic."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.fcr.cells import Cells
from services.fcr.handlers import on_contact, on_person, on_segment
from services.fcr.metrics import GAUGES
from services.fcr.store import REFOLD, REPLAY
from shared.contracts.catalogue import CONTACT, PERSON, SEGMENT, Topic
from shared.edge.runtime import Job, Runtime, Wiring
from shared.edge.tasks import MakeRunner, current_runner, family_jobs

HANDLERS: Final[Mapping[Topic, MakeRunner]] = {CONTACT: on_contact, PERSON: on_person, SEGMENT: on_segment}


async def build(runtime: Runtime) -> Wiring:
    """Subscribe the handlers to their topics and set up the jobs."""
    cells = Cells(runtime.background, runtime.leases.hold, runtime.settings.background_connections - 1)
    with_cells = replace(REPLAY, cells=cells.check)
    return Wiring(
        subscriptions=[(topic, current_runner(runtime, make)) for topic, make in HANDLERS.items()],
        jobs=[Job("cells", 1.0, cells.refresh), *family_jobs(runtime, REFOLD, with_cells, HANDLERS, GAUGES)],
    )
