"""Canonical records to events, as every family reads them."""

from shared.contracts.event import ContractError, Event, decode_event
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.record import Record


def event_of(record: Record) -> Event | Rejected:
    """The event that a canonical record carries; a record that ingest cannot have written is rejected."""
    try:
        return decode_event(record.value or b"")
    except ContractError as error:
        return Rejected(Reason.UNDECODABLE, str(error))
