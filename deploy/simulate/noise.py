"""Later states of events: corrections, retractions, restorations and conflicting revisions."""

from collections.abc import Iterator
from random import Random
from typing import Any

Data = dict[str, Any]

_RETRACTED = {
    "feedback.invited.v1": ("feedback.retracted.v1", "invitation_id"),
    "feedback.answered.v1": ("feedback.retracted.v1", "response_id"),
    "feedback.given.v1": ("feedback.retracted.v1", "feedback_id"),
    "contact.recorded.v1": ("contact.retracted.v1", "contact_id"),
    "hyte.counted.v1": ("hyte.retracted.v1", "count_id"),
    "care.service-event.v1": ("care.retracted.v1", "service_event_id"),
    "care.common-client.v1": ("care.retracted.v1", "flag_id"),
    "care.plan.v1": ("care.retracted.v1", "plan_id"),
    "care.suuntima.v1": ("care.retracted.v1", "assessment_id"),
    "care.segment.v1": ("care.retracted.v1", "assignment_id"),
}
_OUTCOMES = ("hoidettu-loppuun", "otettu-haltuun", "ajanvaraus", "siirretty-verkostossa")


class Noise:
    """Chooses the later states of an event; the caller chooses their times."""

    def __init__(self, rng: Random) -> None:
        self._random = rng.random

    def later_states(self, type_: str, data: Data, draw: float) -> Iterator[tuple[str, Data]]:
        """Later states of the business id, in order: (event type, data). `draw` is from 0.4 to 1."""
        retracted = _RETRACTED.get(type_)
        if retracted is None:
            return
        revision = int(data.get("revision", 1))
        if draw < 0.85:
            yield type_, self._corrected(type_, data, revision + 1)
        elif draw < 0.9:
            yield type_, self._corrected(type_, data, revision)  # the same revision with other content
        else:
            yield retracted[0], {retracted[1]: data[retracted[1]], "revision": revision + 1}
            if draw > 0.98:
                yield type_, {**data, "revision": revision + 2}

    def _corrected(self, type_: str, data: Data, revision: int) -> Data:
        changed = {**data, "revision": revision}
        match type_:
            case "contact.recorded.v1" if "outcome" in data:
                changed["outcome"] = _OUTCOMES[int(self._random() * len(_OUTCOMES))]
            case "contact.recorded.v1":
                changed["excluded"] = "wrong_number"
            case "feedback.answered.v1":
                changed["answers"] = data["answers"][:1]
            case "feedback.given.v1":
                changed["themes"] = ["kohtaaminen"]
            case "care.service-event.v1":
                changed["status"] = "no_show" if data.get("status", "done") == "done" else "done"
            case "hyte.counted.v1":
                changed["count"] = data["count"] + 1
            case "feedback.invited.v1":
                changed["delivered"] = not data["delivered"]
        return changed
