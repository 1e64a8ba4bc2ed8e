"""Facts of the care stream. Pure: no clock, no store, no framework.

`rank` orders the events of one business id. `person` is the number of the client's person. `unit_row` is the row of
the unit register that is valid on `day`. A retracted fact keeps only county, id and rank.
Facts are named tuples, because a batch creates several per event: frozen dataclasses cost ten times as much.
"""

from datetime import date, datetime
from typing import NamedTuple

from shared.labels import OTHER


class ServiceEvent(NamedTuple):
    """A service event (palvelutapahtuma). `segment` is its label: the segment of its client on `day`."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    unit: str | None = None
    unit_row: int | None = None
    day: date | None = None
    own_client: str | None = None
    person: int | None = None
    sector: str | None = None
    event_class: str | None = None
    status: str | None = None
    occurred_at: datetime | None = None
    segment: str = OTHER

    @property
    def done(self) -> bool:
        """Whether figures count the event."""
        return self.status == "done"


class Flag(NamedTuple):
    """The flag of a common client (yhteisasiakas), valid on `[valid_from, valid_to)`."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    own_client: str | None = None
    person: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class Plan(NamedTuple):
    """A multidisciplinary plan, valid on `[valid_from, valid_to)`."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    own_client: str | None = None
    person: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class Assignment(NamedTuple):
    """A segment of a scheme, assigned by another system, valid on `[valid_from, valid_to)`."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    own_client: str | None = None
    person: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    scheme: str | None = None
    segment: str | None = None


class Assessment(NamedTuple):
    """A Suuntima assessment and its result."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    unit: str | None = None
    unit_row: int | None = None
    day: date | None = None
    own_client: str | None = None
    person: int | None = None
    assessed_at: datetime | None = None
    result: str | None = None
    battery: str | None = None
    sex: str | None = None


CareFact = ServiceEvent | Flag | Plan | Assignment | Assessment


def tombstone(fact: CareFact) -> CareFact:
    """Return the tombstone of a fact: county, id and rank."""
    return type(fact)(fact.county, fact.id, fact.rank, retracted=True)
