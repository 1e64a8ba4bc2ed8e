"""What the log of changed facts in closed periods says of care facts.

Service events count on their day. Flags, plans, assignments and assessments also count, or decide memberships, for as
long as they are valid. Where a membership changed, service events and assessments are logged for all dates on which
they are grounds of it: a visit of last year can make its client a member this year.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Final

from services.segments.affected_dates import STOCK_DAYS
from services.segments.facts import Assessment, Assignment, CareFact, Flag, Plan, ServiceEvent
from services.segments.membership import add_days
from shared.postgres.facts import Change
from shared.postgres.restated import Cause, Explain, Explained, Lasting, Lastings, Trigger
from shared.registers.model import SegmentRule

GROUND: Final = "ground"
"""The dates on which something decides memberships."""


def lasting(fact: CareFact) -> Iterator[Lasting]:
    """Yield what a fact counts for as long as it is valid."""
    match fact:
        case Flag() | Plan() | Assignment() if fact.valid_from is not None:
            yield Lasting(type(fact).__name__.lower(), fact.valid_from, fact.valid_to)
        case Assessment() if fact.day is not None:
            yield Lasting("assessment", fact.day, add_days(fact.day, STOCK_DAYS))


def lasting_with_grounds(persons: Container[int], rule: SegmentRule) -> Lastings:
    """What facts count for as long as they are valid; with the grounds of these persons, whose memberships changed."""

    def found(fact: CareFact) -> Iterator[Lasting]:
        yield from lasting(fact)
        if fact.person is None or fact.person not in persons:
            return
        match fact:
            case ServiceEvent() if fact.done and fact.day is not None:
                yield Lasting(GROUND, fact.day, add_days(fact.day, rule.e4_window_days))
            case Assessment() if fact.day is not None:
                yield Lasting(GROUND, fact.day, add_days(fact.day, rule.e3_valid_days))

    return found


def by_membership(parts: Sequence[Explained]) -> Explain:
    """Explain new labels of service events by the first changed fact of their person."""
    changes = [(change, part.explain) for part in parts for change in part.changes]

    def explain(relabelled: Change[ServiceEvent]) -> Trigger:
        person = relabelled.new.person
        ranks = (why(c).rank for c, why in changes if any(fact and fact.person == person for fact in c))
        return Trigger(Cause.RELABELLED, next(ranks, None))

    return explain
