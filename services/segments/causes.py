"""What the log of changed facts in closed periods says of care facts.

Service events count on their day. Flags, plans, assignments and assessments also count, or decide memberships, for as
long as they are valid.
"""

from collections.abc import Iterator, Sequence

from services.segments.affected_dates import STOCK_DAYS
from services.segments.facts import Assessment, Assignment, CareFact, Flag, Plan, ServiceEvent
from services.segments.membership import add_days
from shared.postgres.facts import Change
from shared.postgres.restated import Cause, Explain, Explained, Lasting, Trigger


def lasting(fact: CareFact) -> Iterator[Lasting]:
    """Yield what a fact counts for as long as it is valid."""
    match fact:
        case Flag() | Plan() | Assignment() if fact.valid_from is not None:
            yield Lasting(type(fact).__name__.lower(), fact.valid_from, fact.valid_to)
        case Assessment() if fact.day is not None:
            yield Lasting("assessment", fact.day, add_days(fact.day, STOCK_DAYS))


def by_membership(parts: Sequence[Explained]) -> Explain:
    """Explain new labels of service events by the first changed fact of their person."""
    changes = [(change, part.explain) for part in parts for change in part.changes]

    def explain(relabelled: Change[ServiceEvent]) -> Trigger:
        person = relabelled.new.person
        ranks = (why(c).rank for c, why in changes if any(fact and fact.person == person for fact in c))
        return Trigger(Cause.RELABELLED, next(ranks, None))

    return explain
