"""What each fact of the care stream counts (docs/figures.md, Segments). Pure.

Only `contributions` decides what a fact adds to buckets: for new facts, corrections, retractions, changed registers
and changed memberships. Figures of members, stocks and plans are not in buckets: their views read facts and
memberships.
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
    """Yield what the fact counts; nothing when it is retracted.

    Flags, plans and assignments are not counted in buckets: they only decide membership and stocks.
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
