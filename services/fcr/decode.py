"""Converts canonical records of the contact stream to facts: from the models of `shared.contracts` to facts."""

from services.fcr.derive import promised_until, unit_row
from services.fcr.facts import Contact, ContactFact, HyteCount
from shared.contracts.contact import Contact as Recorded
from shared.contracts.contact import ContactRetracted, HyteCounted, HyteRetracted
from shared.contracts.event import Event
from shared.contracts.rank import encode_rank
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.events import event_of
from shared.labels import label
from shared.record import Record
from shared.registers import Registers
from shared.registers.calendar import local_day


def decode(record: Record, registers: Registers) -> ContactFact | Rejected:
    """Return the fact of a canonical record, or a rejection if ingest cannot have written the record."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    fact = _fact(event, registers)
    return fact or Rejected(Reason.WRONG_TOPIC, "not an event of the contact stream", event.source)


def _fact(event: Event, registers: Registers) -> ContactFact | None:
    rank = encode_rank(event.data.revision, event.time, event.source, event.id, event.digest)
    match event.data:
        case Recorded() as data:
            return _contact(event.county, rank, data, registers)
        case HyteCounted() as data:
            row = unit_row(registers, event.county, data.unit, data.counted_on)
            fields = (data.unit, row, data.counted_on, data.kind, data.count)
            return HyteCount(event.county, data.count_id, rank, False, *fields)
        case ContactRetracted() as data:
            return Contact(event.county, data.contact_id, rank, retracted=True)
        case HyteRetracted() as data:
            return HyteCount(event.county, data.count_id, rank, retracted=True)
    return None


def _contact(county: str, rank: bytes, data: Recorded, registers: Registers) -> Contact:
    day = local_day(data.started_at)
    requested, reached = data.callback_requested_at, data.callback_reached_at
    return Contact(
        county,
        data.contact_id,
        rank,
        retracted=False,
        unit=data.unit,
        unit_row=unit_row(registers, county, data.unit, day),
        day=day,
        line=data.line,
        channel=data.channel,
        own_client=data.client,
        segment=label(data.client, day),  # without a history; the store sets the final label
        direction=data.direction,
        excluded=data.excluded,
        started_at=data.started_at,
        answered_at=data.answered_at,
        ended_at=data.ended_at,
        answer_mode=data.answer_mode,
        callback_requested_at=requested,
        callback_first_attempt_at=data.callback_first_attempt_at,
        callback_reached_at=reached,
        callback_same_day=bool(requested and reached and local_day(requested) == local_day(reached)),
        promised_by=data.promised_by,
        due=promised_until(registers, county, data.line, data.channel, data.started_at, data.promised_by),
        abandoned=data.abandoned,
        planned=data.planned,
        transfers=data.transfers,
        reason=data.reason,
        outcome=data.outcome,
        classification=data.classification,
    )
