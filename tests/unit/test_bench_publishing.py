"""Freshness while publishing: which events count as sent during a publication, and the aim."""

import pytest

from tests.bench.aims import aims
from tests.bench.freshness import Visible
from tests.bench.publishing import SETTLE_S, Interval, Publishing, Turns, split
from tests.bench.results import FamilyResults, Results


def test_events_are_split_by_when_they_were_sent() -> None:
    turns = Turns([Interval(10, 20), Interval(50, 60)], [Interval(30, 40)])
    without = (9.9, 20 + SETTLE_S, 29.9, 40 + SETTLE_S, 60 + SETTLE_S)
    publishing, loops = (10, 19.9, 50), (30, 39)
    settling = (20, 40 + SETTLE_S / 2)
    groups = ((without, 1), (publishing, 2), (loops, 3), (settling, 9))
    visible = [Visible(at, latency) for sent, latency in groups for at in sent]
    quiet, busy, loop = split(visible, turns)
    assert (quiet.events, quiet.p50, quiet.slowest) == (5, 1000, 1000)
    assert (busy.events, busy.p50, busy.slowest) == (3, 2000, 2000)
    assert (loop.events, loop.p50, loop.slowest) == (2, 3000, 3000)


def test_one_slow_turn_does_not_decide() -> None:
    turns = Turns([Interval(10, 20), Interval(30, 40), Interval(50, 60)], [Interval(70, 80)])
    latencies = [(0, 1.0), (11, 2.0), (31, 70.0), (51, 4.0), (71, 1.0)]
    _, busy, _ = split([Visible(*one) for one in latencies], turns)
    assert (busy.p99, busy.slowest) == (4000, 70000)


@pytest.mark.parametrize(("seconds", "met"), [(0.125, True), (0.126, False)])
def test_aim_of_a_quarter(seconds: float, met: bool) -> None:
    visible = [Visible(0, 0.1), Visible(2, seconds), Visible(5, 0.1)]
    found = Publishing(*split(visible, Turns([Interval(1, 3)], [Interval(4.5, 6)])), 1, 2.0, 10)
    (aim,) = aims(Results({}, {"nps": FamilyResults(publishing=found)}))
    assert (aim.what, aim.aim, aim.met) == ("nps: freshness p99, while publishing / without", "<= 1.25", met)
