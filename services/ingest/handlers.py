"""One handler per raw topic."""

from services.ingest.context import Contexts
from services.ingest.publish import PublishCommit
from services.ingest.validate import Accepted, validate
from shared.batch import BatchRunner
from shared.contracts.catalogue import RAW, Stream
from shared.dead_letters import Rejected
from shared.edge.runtime import Runtime
from shared.record import Record


def on_feedback(runtime: Runtime, contexts: Contexts, commit: PublishCommit) -> BatchRunner[Accepted]:
    """Publish valid feedback events, and keep the rest as dead letters."""
    return _runner(runtime, contexts, commit, Stream.FEEDBACK)


def on_contact(runtime: Runtime, contexts: Contexts, commit: PublishCommit) -> BatchRunner[Accepted]:
    """Publish valid events of contacts and counts, and keep the rest as dead letters."""
    return _runner(runtime, contexts, commit, Stream.CONTACT)


def on_care(runtime: Runtime, contexts: Contexts, commit: PublishCommit) -> BatchRunner[Accepted]:
    """Publish valid events of care and of persons, and keep the rest as dead letters."""
    return _runner(runtime, contexts, commit, Stream.CARE)


def _runner(runtime: Runtime, contexts: Contexts, commit: PublishCommit, stream: Stream) -> BatchRunner[Accepted]:
    topic = RAW[stream].name

    def decode(record: Record) -> Accepted | Rejected:
        outcome = validate(record.value, record.headers, stream, contexts.now())
        if isinstance(outcome, Accepted):
            runtime.metrics.left_out(topic, outcome.unknown_fields)
        return outcome

    return BatchRunner(
        topic=topic,
        decode=decode,
        commit=commit,
        metrics=runtime.metrics,
        logger=runtime.logger,
        health=runtime.health,
    )
