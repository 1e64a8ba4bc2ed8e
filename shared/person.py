"""What the person stream says to a family service."""

from dataclasses import dataclass

from shared.contracts.person import Erased
from shared.events import event_of
from shared.letters import Rejected
from shared.record import Record


@dataclass(frozen=True, slots=True)
class PersonEvent:
    """`erased` is the client whose facts go; None for what concerns labels only."""

    county: str
    erased: str | None


def decode_person(record: Record) -> PersonEvent | Rejected:
    """An erasure, or a merge that has no part in the figures of the family."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    return PersonEvent(event.county, event.data.client if isinstance(event.data, Erased) else None)
