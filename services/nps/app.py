"""How the rooms of the service are connected; no logic."""

from services.nps.handlers import on_feedback, on_person
from services.nps.metrics import Gauges
from services.nps.store import REFOLD
from shared.contracts.catalogue import FEEDBACK, PERSON
from shared.edge.service import Job, Runtime, Wiring


async def build(runtime: Runtime) -> Wiring:
    """Feedback and erasures in, figures and gauges out."""
    gauges = Gauges(runtime.registry)

    async def refold() -> None:
        changed = await REFOLD.run(runtime.pool, runtime.registers)
        if changed:
            runtime.logger.info("refolded by changed registers", extra={"facts": changed})

    return Wiring(
        subscriptions=[(FEEDBACK, on_feedback(runtime)), (PERSON, on_person(runtime))],
        jobs=[
            Job("gauges", 5.0, lambda: gauges.refresh(runtime.pool)),
            Job("refold", 1.0, refold),
        ],
    )
