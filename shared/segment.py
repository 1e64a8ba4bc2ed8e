"""Decodes the segment stream for the family services."""

from shared.contracts.event import ContractError
from shared.contracts.reasons import Reason
from shared.contracts.segment import History, decode_history
from shared.dead_letters import Rejected
from shared.record import Record


def decode_segment(record: Record) -> History | Rejected | None:
    """Return the history of a record, or None for a record without a value.

    Such a record changes nothing: even an empty history has a version and a list of intervals.
    """
    if record.value is None:
        return None
    try:
        return decode_history(record.value)
    except ContractError as error:
        return Rejected(Reason.UNDECODABLE, str(error))
