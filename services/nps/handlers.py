"""One handler a topic, a sentence long."""

from collections.abc import Sequence

from services.nps.decode import FeedbackFact, PersonEvent, decode, decode_person
from services.nps.store import SCHEMA, apply, erase
from shared.batch import Applied, BatchRunner
from shared.contracts.catalogue import FEEDBACK, PERSON
from shared.edge.consume import BatchHandler
from shared.edge.service import Runtime
from shared.postgres.commit import StoreCommit
from shared.postgres.lock import Connection


def on_feedback(runtime: Runtime) -> BatchHandler:
    """Make a batch of feedback facts and add what changed to the buckets."""

    async def apply_facts(connection: Connection, county: str, facts: Sequence[FeedbackFact]) -> Applied:
        return await apply(connection, county, facts, runtime.registers)

    return BatchRunner[FeedbackFact](
        topic=FEEDBACK.name,
        decode=lambda record: decode(record, runtime.registers),
        commit=StoreCommit(SCHEMA, runtime.pool, runtime.sealer, apply_facts),
        metrics=runtime.metrics,
        logger=runtime.logger,
    ).run


def on_person(runtime: Runtime) -> BatchHandler:
    """Take away the facts of erased clients."""

    async def apply_erasures(connection: Connection, county: str, events: Sequence[PersonEvent]) -> Applied:
        return await erase(connection, county, (e.erased for e in events if e.erased is not None))

    return BatchRunner[PersonEvent](
        topic=PERSON.name,
        decode=decode_person,
        commit=StoreCommit(SCHEMA, runtime.pool, runtime.sealer, apply_erasures),
        metrics=runtime.metrics,
        logger=runtime.logger,
    ).run
