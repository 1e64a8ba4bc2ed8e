"""One handler a topic, a sentence long."""

from services.ingest.context import Contexts
from services.ingest.decode import Accepted, validate
from services.ingest.publish import PublishCommit
from shared.batch import BatchRunner
from shared.contracts.catalogue import RAW, Stream
from shared.dead_letters import Rejected
from shared.edge.runtime import Runtime
from shared.record import Record


def on_feedback(runtime: Runtime, contexts: Contexts, commit: PublishCommit) -> BatchRunner[Accepted]:
    """Publish what is valid feedback, and keep the rest as dead letters."""
    return _runner(runtime, contexts, commit, Stream.FEEDBACK)


def on_contact(runtime: Runtime, contexts: Contexts, commit: PublishCommit) -> BatchRunner[Accepted]:
    """Publish what is a valid contact or count, and keep the rest as dead letters."""
    return _runner(runtime, contexts, commit, Stream.CONTACT)


def on_care(runtime: Runtime, contexts: Contexts, commit: PublishCommit) -> BatchRunner[Accepted]:
    """Publish what is a valid event of care or of a person, and keep the rest as dead letters."""
    return _runner(runtime, contexts, commit, Stream.CARE)


def _runner(runtime: Runtime, contexts: Contexts, commit: PublishCommit, stream: Stream) -> BatchRunner[Accepted]:
    topic = RAW[stream].name

    def decode(record: Record) -> Accepted | Rejected:
        outcome = validate(record.value, record.headers, stream, contexts.now())
        if isinstance(outcome, Accepted):
            runtime.metrics.left_out(topic, outcome.left_out)
        return outcome

    return BatchRunner(
        topic=topic,
        decode=decode,
        commit=commit,
        metrics=runtime.metrics,
        logger=runtime.logger,
        health=runtime.health,
        max_records=runtime.settings.max_records,
    )
