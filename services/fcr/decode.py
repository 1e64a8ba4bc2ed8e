"""Converts canonical records of the contact stream to facts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.fcr.derive import promised_until, unit_row
from services.fcr.facts import Contact, ContactFact, HyteCount
from shared.contracts.contact import Contact as Recorded
from shared.contracts.contact import ContactRetracted, HyteCounted, HyteRetracted
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.events import event_of, rank_of
from shared.labels import label
from shared.record import Record
from shared.registers import Registers
from shared.registers.calendar import local_day


def decode(record: Record, registers: Registers) -> ContactFact | Rejected:
    """Return the fact of a canonical record, or a rejection if ingest cannot have written the record."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    make = _FACTS.get(event.type)
    if make is None:
        return Rejected(Reason.WRONG_TOPIC, "not an event of the contact stream", event.source)
    return make(event.county, rank_of(event), event.data, registers)


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


def _hyte(county: str, rank: bytes, data: HyteCounted, registers: Registers) -> HyteCount:
    row = unit_row(registers, county, data.unit, data.counted_on)
    fields = (data.unit, row, data.counted_on, data.kind, data.count)
    return HyteCount(county, data.count_id, rank, False, *fields)


def _retracted_contact(county: str, rank: bytes, data: ContactRetracted, _: Registers) -> Contact:
    return Contact(county, data.contact_id, rank, retracted=True)


def _retracted_hyte(county: str, rank: bytes, data: HyteRetracted, _: Registers) -> HyteCount:
    return HyteCount(county, data.count_id, rank, retracted=True)


_FACTS: Final[Mapping[str, Callable[[str, bytes, Any, Registers], ContactFact]]] = {
    "fi.hva.contact.recorded.v1": _contact,
    "fi.hva.contact.retracted.v1": _retracted_contact,
    "fi.hva.hyte.counted.v1": _hyte,
    "fi.hva.hyte.retracted.v1": _retracted_hyte,
}
