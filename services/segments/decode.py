"""Converts canonical records of the care stream to facts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.segments.derive import unit_row
from services.segments.facts import Assessment, Assignment, CareFact, Flag, Plan, ServiceEvent
from shared.contracts import care
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.events import event_of, rank_of
from shared.record import Record
from shared.registers import Registers
from shared.registers.calendar import local_day


def decode(record: Record, registers: Registers) -> CareFact | Rejected:
    """Return the fact of a canonical record, or a rejection if ingest cannot have written the record."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    make = _FACTS.get(event.type)
    fact = None if make is None else make(event.county, rank_of(event), event.data, registers)
    return fact or Rejected(Reason.WRONG_TOPIC, "not an event of the care stream", event.source)


def _service_event(county: str, rank: bytes, data: care.ServiceEvent, registers: Registers) -> ServiceEvent:
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


def _flag(county: str, rank: bytes, data: care.CommonClient, _: Registers) -> Flag:
    return Flag(county, data.flag_id, rank, False, data.client, None, data.valid_from, data.valid_to)


def _plan(county: str, rank: bytes, data: care.Plan, _: Registers) -> Plan:
    return Plan(county, data.plan_id, rank, False, data.client, None, data.valid_from, data.valid_to)


def _assignment(county: str, rank: bytes, data: care.Assignment, _: Registers) -> Assignment:
    fields = (data.client, None, data.valid_from, data.valid_to, data.scheme, data.segment)
    return Assignment(county, data.assignment_id, rank, False, *fields)


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


def _retracted(county: str, rank: bytes, data: care.CareRetracted, _: Registers) -> CareFact | None:
    kinds = {
        data.service_event_id: ServiceEvent,
        data.flag_id: Flag,
        data.plan_id: Plan,
        data.assessment_id: Assessment,
        data.assignment_id: Assignment,
    }
    return next((kind(county, id, rank, retracted=True) for id, kind in kinds.items() if id is not None), None)


_FACTS: Final[Mapping[str, Callable[[str, bytes, Any, Registers], CareFact | None]]] = {
    "fi.hva.care.service-event.v1": _service_event,
    "fi.hva.care.common-client.v1": _flag,
    "fi.hva.care.plan.v1": _plan,
    "fi.hva.care.suuntima.v1": _assessment,
    "fi.hva.care.segment.v1": _assignment,
    "fi.hva.care.retracted.v1": _retracted,
}
