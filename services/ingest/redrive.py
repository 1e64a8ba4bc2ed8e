"""Redrive: validates the record of a dead letter again, and publishes it when it is accepted now."""

from services.ingest.context import Contexts
from services.ingest.gateway_message import stream_of
from services.ingest.publish import PublishCommit
from services.ingest.validate import Accepted, validate
from shared.contracts.catalogue import RAW
from shared.dead_letters import GATEWAY, Rejected
from shared.postgres.redrive import Attempt
from shared.record import PlainRecord


def make_attempt(contexts: Contexts, commit: PublishCommit, topic_prefix: str) -> Attempt:
    """An attempt at one dead letter. It publishes before the caller marks it resolved, so that nothing is lost."""
    streams = {topic_prefix + topic.name: stream for stream, topic in RAW.items()}

    async def attempt(record: PlainRecord) -> Rejected | None:
        gateway = record.topic == GATEWAY
        stream = stream_of(record.value, record.headers) if gateway else streams[record.topic]
        outcome = validate(record.value, record.headers, stream, contexts.now())
        if isinstance(outcome, Accepted):
            await commit.publish([outcome])
            return None
        return outcome

    return attempt
