"""One handler a topic, a sentence long."""

from collections.abc import Sequence

from services.nps.decode import FeedbackFact, decode
from services.nps.store import SCHEMA, apply
from shared.batch import Applied, BatchRunner
from shared.contracts.catalogue import FEEDBACK
from shared.edge.consume import BatchHandler
from shared.edge.service import Runtime
from shared.postgres.commit import StoreCommit
from shared.postgres.lock import Connection


def on_feedback(runtime: Runtime) -> BatchHandler:
    """Make a batch of feedback facts and add what changed to the buckets."""

    async def apply_facts(connection: Connection, county: str, facts: Sequence[FeedbackFact]) -> Applied:
        return await apply(connection, county, facts, runtime.registers)

    runner = BatchRunner[FeedbackFact](
        topic=FEEDBACK.name,
        decode=lambda record: decode(record, runtime.registers),
        commit=StoreCommit(SCHEMA, runtime.pool, runtime.sealer, apply_facts),
        metrics=runtime.metrics,
        logger=runtime.logger,
    )
    return runner.run
