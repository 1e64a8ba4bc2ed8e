"""Freshness while publishing: which events count as sent during a publication, and the aim."""

import pytest

from tests.bench.aims import aims
from tests.bench.freshness import Visible
from tests.bench.publishing import SETTLE_S, Interval, Publishing, split
from tests.bench.results import FamilyResults, Results


def test_events_are_split_by_when_they_were_sent() -> None:
    turns = [Interval(10, 20), Interval(30, 40)]
    without = (9.9, 20 + SETTLE_S, 29.9, 40 + SETTLE_S)
    during = (10, 19.9, 30)
    settling = (20, 40 + SETTLE_S / 2)
    visible = [Visible(at, latency) for sent, latency in ((without, 1), (during, 2), (settling, 9)) for at in sent]
    quiet, busy = split(visible, turns)
    assert (quiet.events, quiet.p50, quiet.slowest) == (4, 1000, 1000)
    assert (busy.events, busy.p50, busy.slowest) == (3, 2000, 2000)


@pytest.mark.parametrize(("seconds", "met"), [(0.125, True), (0.126, False)])
def test_aim_of_a_quarter(seconds: float, met: bool) -> None:
    found = Publishing(*split([Visible(0, 0.1), Visible(2, seconds)], [Interval(1, 3)]), 1, 2.0, 10)
    (aim,) = aims(Results({}, {"nps": FamilyResults(publishing=found)}))
    assert (aim.what, aim.aim, aim.met) == ("nps: freshness p99, while publishing / without", "<= 1.25", met)
