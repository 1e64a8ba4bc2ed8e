"""Facts of the care stream: pure, no clock, no store, no framework.

`rank` is a fact's place in the order of the same business id. A retracted fact keeps only county, id and rank.
`person` numbers the client; where there is a unit, `unit_row` is the row of the unit register valid on `day`.
Tuples, since a batch makes several of them an event: frozen dataclasses cost ten times as much.
"""

from datetime import date, datetime
from typing import NamedTuple

from shared.labels import OTHER


class ServiceEvent(NamedTuple):
    """A service event (palvelutapahtuma). `segment` is its client's on `day`."""

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
        """Whether it counts at all."""
        return self.status == "done"


class Flag(NamedTuple):
    """The flag of a common client (yhteisasiakas), from `valid_from` up to and without `valid_to`."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    own_client: str | None = None
    person: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class Plan(NamedTuple):
    """A multidisciplinary plan, from `valid_from` up to and without `valid_to`."""

    county: str
    id: str
    rank: bytes
    retracted: bool
    own_client: str | None = None
    person: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class Assignment(NamedTuple):
    """A segment of some scheme that another system assigned, from `valid_from` up to and without `valid_to`."""

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
    """What stays of a fact that is taken away: county, id and its place in the order."""
    return type(fact)(fact.county, fact.id, fact.rank, retracted=True)
