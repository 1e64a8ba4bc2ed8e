"""What the person stream says to a family service."""

from dataclasses import dataclass

from shared.contracts.event import ContractError, decode_event
from shared.contracts.person import Erased
from shared.contracts.reasons import Reason
from shared.letters import Rejected
from shared.record import Record


@dataclass(frozen=True, slots=True)
class PersonEvent:
    """`erased` is the client whose facts go; None for what concerns labels only."""

    county: str
    erased: str | None


def decode_person(record: Record) -> PersonEvent | Rejected:
    """An erasure, or a merge that has no part in the figures of the family."""
    try:
        event = decode_event(record.value or b"")
    except ContractError as error:
        return Rejected(Reason.UNDECODABLE, str(error))
    return PersonEvent(event.county, event.data.client if isinstance(event.data, Erased) else None)
