"""Data of the care stream. docs/events.md describes the fields."""

from typing import Literal, Self

from pydantic import model_validator

from shared.contracts.types import Code, Data, Day, Id, Instant, Pseudonym, exactly_one, ordered


class ServiceEvent(Data):
    """A service event (palvelutapahtuma) of a client."""

    service_event_id: Id
    client: Pseudonym
    unit: Code
    sector: Code
    event_class: Literal["visit", "home_visit", "remote", "inpatient_day", "group", "other"] = "other"
    occurred_at: Instant
    status: Literal["done", "cancelled", "no_show"] = "done"


class CommonClient(Data):
    """The flag of a common client (yhteisasiakas)."""

    flag_id: Id
    client: Pseudonym
    valid_from: Day
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _interval(self) -> Self:
        ordered(self.valid_from, self.valid_to)
        return self


class Plan(Data):
    """A multidisciplinary plan."""

    plan_id: Id
    client: Pseudonym
    valid_from: Day
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _interval(self) -> Self:
        ordered(self.valid_from, self.valid_to)
        return self


class Suuntima(Data):
    """The result of a Suuntima assessment."""

    assessment_id: Id
    client: Pseudonym
    unit: Code
    assessed_at: Instant
    result: Literal["omatoimi", "yhteistyo", "yhteiso", "verkosto"]
    battery: Literal["functioning", "illness", "social", "risk"]
    sex: Literal["woman", "man", "other", "unknown"] = "unknown"


class Assignment(Data):
    """A segment that another system assigned."""

    assignment_id: Id
    client: Pseudonym
    scheme: Code
    segment: Code
    valid_from: Day
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _interval(self) -> Self:
        ordered(self.valid_from, self.valid_to)
        return self


class CareRetracted(Data):
    """Retracts one care fact, or a merge of persons. Erasures cannot be retracted."""

    service_event_id: Id | None = None
    flag_id: Id | None = None
    plan_id: Id | None = None
    assessment_id: Id | None = None
    assignment_id: Id | None = None
    merge_id: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        ids = (self.service_event_id, self.flag_id, self.plan_id)
        exactly_one(*ids, self.assessment_id, self.assignment_id, self.merge_id)
        return self
