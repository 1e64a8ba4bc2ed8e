"""Decodes the person stream: erasures and merges."""

from typing import NamedTuple

from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.events import event_of, rank_of
from shared.record import Record


class Erasure(NamedTuple):
    """The client whose past and future facts are erased. `rank` is that of the event."""

    county: str
    client: str
    rank: bytes | None = None


class Merge(NamedTuple):
    """The fact that two pseudonyms are one person. A retracted merge keeps only county, id and rank."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    one: str | None = None
    other: str | None = None


PersonEvent = Erasure | Merge


def decode_person(record: Record) -> PersonEvent | Rejected:
    """Return the erasure or merge of a record, or a verdict on a record that ingest cannot have written."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    rank, data = rank_of(event), event.data
    match event.type:
        case "fi.hva.client.erased.v1":
            return Erasure(event.county, data.client, rank)
        case "fi.hva.client.merged.v1":
            return Merge(event.county, data.merge_id, rank, False, data.from_client, data.into)
        case "fi.hva.care.retracted.v1" if data.merge_id is not None:
            return Merge(event.county, data.merge_id, rank, retracted=True)
    return Rejected(Reason.WRONG_TOPIC, "not an event of the person stream", event.source)
