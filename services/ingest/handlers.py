"""One handler a raw topic, a sentence long."""

import logging

from services.ingest.context import Contexts
from services.ingest.decode import Accepted, validate
from services.ingest.publish import PublishCommit
from shared.batch import BatchRunner
from shared.contracts.catalogue import RAW, Stream
from shared.edge.consume import BatchHandler
from shared.letters import Rejected
from shared.metrics import PipelineMetrics
from shared.record import Record


def on_raw(
    stream: Stream,
    contexts: Contexts,
    commit: PublishCommit,
    metrics: PipelineMetrics,
    logger: logging.Logger,
    largest: int = 1000,
) -> BatchHandler:
    """Validate a batch of one stream, publish what is accepted and keep what is not."""
    topic = RAW[stream].name

    def decode(record: Record) -> Accepted | Rejected:
        outcome = validate(record.value, record.headers, stream, contexts.now())
        if isinstance(outcome, Accepted):
            metrics.left_out(topic, outcome.left_out)
        return outcome

    return BatchRunner[Accepted](topic, decode, commit, metrics, logger, largest=largest).run
