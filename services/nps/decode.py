"""Converts canonical records of the feedback stream to facts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.nps.derive import in_time, unit_row
from services.nps.facts import Feedback, FeedbackFact, Invitation, Response
from shared.contracts.feedback import Answered, FeedbackRetracted, Given, Invited
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.events import event_of, rank_of
from shared.labels import label
from shared.record import Record
from shared.registers import Registers
from shared.registers.calendar import local_day


def decode(record: Record, registers: Registers) -> FeedbackFact | Rejected:
    """The fact in a canonical record, or a rejection of a record that ingest cannot have published."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    make = _FACTS.get(event.type)
    if make is None:
        return Rejected(Reason.WRONG_TOPIC, "not an event of the feedback stream", event.source)
    return make(event.county, rank_of(event), event.data, registers)


def _response(county: str, rank: bytes, data: Answered, registers: Registers) -> Response:
    day = local_day(data.answered_at)
    label_day = day if data.served_at is None else local_day(data.served_at)
    return Response(
        county,
        data.response_id,
        rank,
        retracted=False,
        unit=data.unit,
        unit_row=unit_row(registers, county, data.unit, day),
        channel=data.channel,
        day=day,
        label_day=label_day,
        own_client=data.client,
        segment=label(data.client, label_day),  # without a history; the store looks it up
        answered_at=data.answered_at,
        invitation_id=data.invitation_id,
        client=data.client,
        counts=data.respondent == "client",
        has_comment=data.has_comment,
        answers={answer["question"]: answer["value"] for answer in data.answers},
    )


def _invitation(county: str, rank: bytes, data: Invited, registers: Registers) -> Invitation:
    day = local_day(data.invited_at)
    return Invitation(
        county,
        data.invitation_id,
        rank,
        retracted=False,
        unit=data.unit,
        unit_row=unit_row(registers, county, data.unit, day),
        channel=data.channel,
        day=day,
        label_day=day,
        own_client=data.client,
        segment=label(data.client, day),
        invited_at=data.invited_at,
        delivered=data.delivered,
    )


def _feedback(county: str, rank: bytes, data: Given, registers: Registers) -> Feedback:
    day = local_day(data.given_at)
    return Feedback(
        county,
        data.feedback_id,
        rank,
        retracted=False,
        unit=data.unit,
        unit_row=unit_row(registers, county, data.unit, day),
        channel=data.channel,
        day=day,
        label_day=day,
        own_client=data.client,
        segment=label(data.client, day),
        given_at=data.given_at,
        kind=data.kind,
        themes=tuple(data.themes or ()),
        wants_reply=data.wants_reply,
        replied_at=data.replied_at,
        in_time=in_time(registers, county, data.given_at, data.replied_at),
    )


def _retraction(county: str, rank: bytes, data: FeedbackRetracted, _: Registers) -> FeedbackFact:
    if data.response_id is not None:
        return Response(county, data.response_id, rank, retracted=True)
    if data.invitation_id is not None:
        return Invitation(county, data.invitation_id, rank, retracted=True)
    assert data.feedback_id is not None  # the model guarantees exactly one id
    return Feedback(county, data.feedback_id, rank, retracted=True)


_FACTS: Final[Mapping[str, Callable[[str, bytes, Any, Registers], FeedbackFact]]] = {
    "fi.hva.feedback.answered.v1": _response,
    "fi.hva.feedback.invited.v1": _invitation,
    "fi.hva.feedback.given.v1": _feedback,
    "fi.hva.feedback.retracted.v1": _retraction,
}
