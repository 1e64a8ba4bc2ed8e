"""Runs the counties day by day and merges their events in order of arrival."""

from collections.abc import Iterator
from random import Random

from deploy.simulate.arrivals import Arrivals
from deploy.simulate.bad import InvalidEvents
from deploy.simulate.calendar import EVENINGS, Calendar
from deploy.simulate.care import Care
from deploy.simulate.contacts import Contacts
from deploy.simulate.county_plans import COUNTIES, Plan
from deploy.simulate.draw import SIZE, count
from deploy.simulate.emit import Emitter
from deploy.simulate.feedback import Feedback
from deploy.simulate.options import Options
from deploy.simulate.people import call_pool, people

_DAYS_A_YEAR = 365.0
_SERVICES, _CONTACTS, _DEVICES, _FEEDBACK = 10.0, 3.6, 0.6, 0.12
"""Means per client and year, before repeats and answers."""
_EVENTS = 22.0
"""Approximate events per client and year; the basis of the share of invalid ones."""


class County:
    """One county with its own random generator."""

    def __init__(self, plan: Plan, options: Options, calendar: Calendar, arrivals: Arrivals, client_count: int) -> None:
        rng = Random(f"{options.seed}/{plan.county}")
        self._emit = Emitter(plan.county, options.tag, calendar, arrivals, rng)
        first = 1_000_000 * sorted(COUNTIES).index(plan.county)
        clients = people(plan, client_count, rng, first)
        self._client_count = client_count
        self._feedback = Feedback(plan, self._emit, clients)
        self._contacts = Contacts(plan, self._emit, self._feedback, call_pool(clients))
        self._care = Care(plan, self._emit, self._feedback, clients)
        self._bad = InvalidEvents(plan, self._emit)
        self._bad_share = options.bad / max(1e-9, 1 - options.bad)
        erasures = round(options.erasures * client_count / options.clients)
        self._erasures = [int(rng.random() * options.days) for _ in range(erasures)]

    def day(self, day: int) -> None:
        daily = self._client_count / _DAYS_A_YEAR
        calendar = self._emit.calendar
        self._care.day(day, daily * _SERVICES)
        self._contacts.day(day, daily * _CONTACTS)
        self._feedback.devices(day, daily * _DEVICES * calendar.office_factor(day))
        self._feedback.direct(day, daily * _FEEDBACK)
        self._contacts.hyte(day, self._client_count)
        self._care.rare(day, self._client_count)
        for _ in range(self._erasures.count(day)):
            self._care.erase(day)
        for _ in range(count(self._emit.rng, daily * _EVENTS * self._bad_share)):
            at = calendar.starts[day] + EVENINGS[int(self._emit.random() * SIZE)]
            self._emit.raw(self._bad.random_line(at), at + 60)


def stream(options: Options) -> Iterator[bytes]:
    """All lines, without line ends, in order of arrival. The same options give the same bytes.

    Memory holds the clients and a few days of events, for any number of days.
    """
    calendar = Calendar(options.first_day, options.days)
    arrivals = Arrivals(calendar)
    plans = [COUNTIES[county] for county in options.counties]
    total_share = sum(plan.share for plan in plans)
    counties = [
        County(plan, options, calendar, arrivals, max(1, round(options.clients * plan.share / total_share)))
        for plan in plans
    ]
    for day in range(options.days):
        for county in counties:
            county.day(day)
        if day:  # complete after the next day only: summer time moves the start of days
            yield from arrivals.take(day - 1)
    for day in range(max(0, options.days - 1), options.days + 2):
        yield from arrivals.take(day)
