"""Converts canonical records of the feedback stream to facts: from the models of `shared.contracts` to facts."""

from datetime import datetime
from typing import Any

from services.nps.derive import in_time, unit_row
from services.nps.facts import Feedback, FeedbackFact, Invitation, Response
from shared.contracts.event import Event
from shared.contracts.feedback import Answered, FeedbackRetracted, Given, Invited
from shared.contracts.rank import encode_rank
from shared.contracts.reasons import Reason
from shared.dead_letters import Rejected
from shared.events import event_of
from shared.labels import label
from shared.record import Record
from shared.registers import Registers
from shared.registers.calendar import local_day


def decode(record: Record, registers: Registers) -> FeedbackFact | Rejected:
    """The fact in a canonical record, or a rejection of a record that ingest cannot have published."""
    event = event_of(record)
    if isinstance(event, Rejected):
        return event
    fact = _fact(event, registers)
    return fact or Rejected(Reason.WRONG_TOPIC, "not an event of the feedback stream", event.source)


def _fact(event: Event, registers: Registers) -> FeedbackFact | None:
    rank = encode_rank(event.data.revision, event.time, event.source, event.id, event.digest)
    match event.data:
        case Answered() as data:
            return _response(event.county, rank, data, registers)
        case Invited() as data:
            return _invitation(event.county, rank, data, registers)
        case Given() as data:
            return _feedback(event.county, rank, data, registers)
        case FeedbackRetracted() as data:
            return _retraction(event.county, rank, data)
    return None


def _common(
    county: str, rank: bytes, id: str, data: Answered | Invited | Given, at: datetime, registers: Registers
) -> dict[str, Any]:
    """The fields of every fact. `at` is the time that decides the period."""
    day = local_day(at)
    return {
        "county": county,
        "id": id,
        "rank": rank,
        "retracted": False,
        "unit": data.unit,
        "unit_row": unit_row(registers, county, data.unit, day),
        "channel": data.channel,
        "day": day,
        "label_day": day,
        "own_client": data.client,
        "segment": label(data.client, day),  # without a history; the store looks it up
    }


def _response(county: str, rank: bytes, data: Answered, registers: Registers) -> Response:
    common = _common(county, rank, data.response_id, data, data.answered_at, registers)
    if data.served_at is not None:
        common["label_day"] = local_day(data.served_at)
    return Response(
        **common,
        answered_at=data.answered_at,
        invitation_id=data.invitation_id,
        client=data.client,
        counts=data.respondent == "client",
        has_comment=data.has_comment,
        answers={answer["question"]: answer["value"] for answer in data.answers},
    )


def _invitation(county: str, rank: bytes, data: Invited, registers: Registers) -> Invitation:
    common = _common(county, rank, data.invitation_id, data, data.invited_at, registers)
    return Invitation(**common, invited_at=data.invited_at, delivered=data.delivered)


def _feedback(county: str, rank: bytes, data: Given, registers: Registers) -> Feedback:
    return Feedback(
        **_common(county, rank, data.feedback_id, data, data.given_at, registers),
        given_at=data.given_at,
        kind=data.kind,
        themes=tuple(data.themes or ()),
        wants_reply=data.wants_reply,
        replied_at=data.replied_at,
        in_time=in_time(registers, county, data.given_at, data.replied_at),
    )


def _retraction(county: str, rank: bytes, data: FeedbackRetracted) -> FeedbackFact:
    if data.response_id is not None:
        return Response(county, data.response_id, rank, retracted=True)
    if data.invitation_id is not None:
        return Invitation(county, data.invitation_id, rank, retracted=True)
    assert data.feedback_id is not None  # the model guarantees exactly one id
    return Feedback(county, data.feedback_id, rank, retracted=True)
