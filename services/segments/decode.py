"""Converts canonical records of the care stream to facts: from the models of `shared.contracts` to facts."""

from services.segments.derive import unit_row
from services.segments.facts import Assessment, Assignment, CareFact, Flag, Plan, ServiceEvent
from shared.contracts import care
from shared.contracts.event import Event
from shared.contracts.rank import encode_rank
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.events import event_of
from shared.record import Record
from shared.registers import Registers
from shared.registers.calendar import local_day


def decode(record: Record, registers: Registers) -> CareFact | Rejected:
    """Return the fact of a canonical record, or a rejection if ingest cannot have written the record."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    fact = _fact(event, registers)
    return fact or Rejected(Reason.WRONG_TOPIC, "not an event of the care stream", event.source)


def _fact(event: Event, registers: Registers) -> CareFact | None:
    county, rank = event.county, encode_rank(event.data.revision, event.time, event.source, event.id, event.digest)
    match event.data:
        case care.ServiceEvent() as data:
            day = local_day(data.occurred_at)
            return ServiceEvent(
                county,
                data.service_event_id,
                rank,
                retracted=False,
                unit=data.unit,
                unit_row=unit_row(registers, county, data.unit, day),
                day=day,
                own_client=data.client,
                sector=data.sector,
                event_class=data.event_class,
                status=data.status,
                occurred_at=data.occurred_at,
            )
        case care.CommonClient() as data:
            valid = (data.valid_from, data.valid_to)
            return Flag(county, data.flag_id, rank, False, data.client, None, *valid)
        case care.Plan() as data:
            valid = (data.valid_from, data.valid_to)
            return Plan(county, data.plan_id, rank, False, data.client, None, *valid)
        case care.Assignment() as data:
            fields = (data.client, None, data.valid_from, data.valid_to, data.scheme, data.segment)
            return Assignment(county, data.assignment_id, rank, False, *fields)
        case care.Suuntima() as data:
            return _assessment(county, rank, data, registers)
        case care.CareRetracted() as data:
            return _retracted(county, rank, data)
    return None


def _assessment(county: str, rank: bytes, data: care.Suuntima, registers: Registers) -> Assessment:
    day = local_day(data.assessed_at)
    return Assessment(
        county,
        data.assessment_id,
        rank,
        retracted=False,
        unit=data.unit,
        unit_row=unit_row(registers, county, data.unit, day),
        day=day,
        own_client=data.client,
        assessed_at=data.assessed_at,
        result=data.result,
        battery=data.battery,
        sex=data.sex,
    )


def _retracted(county: str, rank: bytes, data: care.CareRetracted) -> CareFact | None:
    kinds = {
        data.service_event_id: ServiceEvent,
        data.flag_id: Flag,
        data.plan_id: Plan,
        data.assessment_id: Assessment,
        data.assignment_id: Assignment,
    }
    return next((kind(county, id, rank, retracted=True) for id, kind in kinds.items() if id is not None), None)
