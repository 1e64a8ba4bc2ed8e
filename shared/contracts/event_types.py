"""Every event type, with its stream, its model and its special fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, get_args

from shared.contracts import care, contact, feedback, person
from shared.contracts.catalogue import CARE, CONTACT, FEEDBACK, PERSON, Stream
from shared.contracts.types import Data

_CANONICAL: Final = {Stream.FEEDBACK: FEEDBACK, Stream.CONTACT: CONTACT, Stream.CARE: CARE}
PERSON_KINDS: Final = frozenset({"merge", "erasure"})
CLIENT_FIELDS: Final = ("client", "from", "into")
PROMISES: Final = frozenset({"promised_by"})  # instants that may lie in the future


@dataclass(frozen=True, slots=True, eq=False)
class EventType:
    """A registered type. `ids` maps each id field to the kind of fact it identifies (several in a retraction)."""

    name: str
    stream: Stream
    model: type[Data]
    ids: Mapping[str, str]
    retraction: bool
    has_comment: bool  # the type may have a comment text, which never leaves ingest
    fields: frozenset[str]  # known names on the wire, including the comment
    clients: tuple[str, ...]
    instants: tuple[str, ...]
    past: tuple[str, ...]  # the instants that must not be in the future
    days: tuple[str, ...]
    integers: tuple[str, ...]
    topics: Mapping[str, str]  # kind of fact -> name of its canonical topic


def _leaves(annotation: Any) -> set[Any]:
    arguments = get_args(annotation)
    return {annotation}.union(*map(_leaves, arguments)) if arguments else {annotation}


def _type(name: str, stream: Stream, model: type[Data], comment: bool = False, /, **ids: str) -> tuple[str, EventType]:
    wire = {field.alias or name: field.annotation for name, field in model.model_fields.items()}

    def having(leaf: type) -> tuple[str, ...]:
        return tuple(name for name, annotation in wire.items() if leaf in _leaves(annotation))

    return name, EventType(
        name=name,
        stream=stream,
        model=model,
        ids=ids,
        retraction=name.endswith(".retracted.v1"),
        has_comment=comment,
        fields=frozenset(wire) | ({"comment"} if comment else frozenset()),
        clients=tuple(name for name in CLIENT_FIELDS if name in wire),
        instants=having(datetime),
        past=tuple(name for name in having(datetime) if name not in PROMISES),
        days=having(date),
        topics={kind: (PERSON if kind in PERSON_KINDS else _CANONICAL[stream]).name for kind in ids.values()},
        integers=tuple(name for name in having(int) if name != "answers"),
    )


EVENT_TYPES: Final[Mapping[str, EventType]] = dict(
    (
        _type("fi.hva.feedback.invited.v1", Stream.FEEDBACK, feedback.Invited, invitation_id="invitation"),
        _type("fi.hva.feedback.answered.v1", Stream.FEEDBACK, feedback.Answered, True, response_id="response"),
        _type("fi.hva.feedback.given.v1", Stream.FEEDBACK, feedback.Given, True, feedback_id="feedback"),
        _type(
            "fi.hva.feedback.retracted.v1",
            Stream.FEEDBACK,
            feedback.FeedbackRetracted,
            response_id="response",
            feedback_id="feedback",
            invitation_id="invitation",
        ),
        _type("fi.hva.contact.recorded.v1", Stream.CONTACT, contact.Contact, contact_id="contact"),
        _type("fi.hva.contact.retracted.v1", Stream.CONTACT, contact.ContactRetracted, contact_id="contact"),
        _type("fi.hva.hyte.counted.v1", Stream.CONTACT, contact.HyteCounted, count_id="hyte"),
        _type("fi.hva.hyte.retracted.v1", Stream.CONTACT, contact.HyteRetracted, count_id="hyte"),
        _type("fi.hva.care.service-event.v1", Stream.CARE, care.ServiceEvent, service_event_id="service_event"),
        _type("fi.hva.care.common-client.v1", Stream.CARE, care.CommonClient, flag_id="flag"),
        _type("fi.hva.care.plan.v1", Stream.CARE, care.Plan, plan_id="plan"),
        _type("fi.hva.care.suuntima.v1", Stream.CARE, care.Suuntima, assessment_id="assessment"),
        _type("fi.hva.care.segment.v1", Stream.CARE, care.Assignment, assignment_id="assignment"),
        _type(
            "fi.hva.care.retracted.v1",
            Stream.CARE,
            care.CareRetracted,
            service_event_id="service_event",
            flag_id="flag",
            plan_id="plan",
            assessment_id="assessment",
            assignment_id="assignment",
            merge_id="merge",
        ),
        _type("fi.hva.client.merged.v1", Stream.CARE, person.Merged, merge_id="merge"),
        _type("fi.hva.client.erased.v1", Stream.CARE, person.Erased, erasure_id="erasure"),
    )
)
