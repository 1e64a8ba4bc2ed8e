"""What the facts of the care stream count: pure. Section 6 of the contract in code.

`contributions` of a fact is the one place that knows what it counts, used alike for new facts, corrections,
retractions, register changes and changes of membership.
"""

from collections.abc import Iterator
from typing import Final

from services.segments.facts import Assessment, CareFact, ServiceEvent
from shared.deltas import Contribution, Dimensions, Measure

CARE: Final = Measure("care", ("sector", "event_class"), ("events",))
SUUNTIMA: Final = Measure("suuntima", ("battery", "sex", "result"), ("assessments",))
MEASURES: Final = (CARE, SUUNTIMA)

_ALL: Final = "all"


def contributions(fact: CareFact) -> Iterator[Contribution]:
    """Everything a fact counts, as of its present state; nothing when it is retracted.

    Flags, plans and assignments count through what they say of a person, not in buckets.
    """
    match fact:
        case ServiceEvent(retracted=False, done=True):
            assert fact.day is not None and fact.unit_row is not None
            assert fact.sector is not None and fact.event_class is not None
            dimensions = Dimensions(fact.day, fact.unit_row, _ALL, fact.segment)
            yield Contribution(CARE, dimensions, (fact.sector, fact.event_class), (0,))
        case Assessment(retracted=False):
            assert fact.day is not None and fact.unit_row is not None
            assert fact.battery is not None and fact.sex is not None and fact.result is not None
            dimensions = Dimensions(fact.day, fact.unit_row, _ALL, _ALL)
            yield Contribution(SUUNTIMA, dimensions, (fact.battery, fact.sex, fact.result), (0,))
