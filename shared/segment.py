"""What the segment stream says to a family service."""

from shared.contracts.event import ContractError
from shared.contracts.reasons import Reason
from shared.contracts.segment import History, decode_history
from shared.dead_letters import Rejected
from shared.record import Record


def decode_segment(record: Record) -> History | Rejected | None:
    """The history that a record carries. None for a tombstone, which says nothing: a history that ends has no intervals
    and a version."""
    if record.value is None:
        return None
    try:
        return decode_history(record.value)
    except ContractError as error:
        return Rejected(Reason.UNDECODABLE, str(error))
