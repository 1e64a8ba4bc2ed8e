"""Decodes canonical records to events, for every family."""

from shared.contracts.event import ContractError, Event, decode_event
from shared.contracts.rank import encode_rank
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.record import Record


def event_of(record: Record) -> Event | Rejected:
    """Return the event of a canonical record, or a verdict on a record that ingest cannot have written."""
    try:
        return decode_event(record.value or b"")
    except ContractError as error:
        return Rejected(Reason.UNDECODABLE, str(error))


def rank_of(event: Event) -> bytes:
    """Return the rank of an event among all events of its fact."""
    return encode_rank(event.data.revision, event.time, event.source, event.id, event.digest)
