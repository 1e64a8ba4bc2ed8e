"""Every view of the segments family (docs/figures.md) as rows with all keys and columns, counted naively.

A client is identified by (county, name of the person). Memberships are evaluated for every day separately.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta

from tests.oracle.nps import CELL_NAMES, last_day, periods, state
from tests.oracle.registers import local_date
from tests.oracle.rows import share
from tests.oracle.segments import Membership, valid

RESULTS = ("omatoimi", "yhteistyo", "yhteiso", "verkosto")
YEAR = timedelta(days=365)


class Care:
    """`views(as_of)` and `fixed_cohort(county, base, period, as_of)` of the facts."""

    def __init__(self, facts, registers):
        self.facts, self.registers = facts, registers
        self.membership = Membership(facts, registers)
        self.since = registers.rule.get("figures_from", date(2023, 1, 1))
        self.people = defaultdict(set)
        for county, person in self.membership.grounds:
            self.people[county].add(person)
        self.done = [e for e in facts.of("service_event") if e.data["status"] == "done"]
        self.on_day = {}
        self.events_in = defaultdict(list)
        for event in self.done:
            for key in periods(local_date(event.data["occurred_at"])):
                self.events_in[event.county, *key].append(event)

    def views(self, as_of):
        return {
            "service_events": self.service_events(as_of),
            "events_per_client": self.events_per_client(as_of),
            "suuntima": self.suuntima(as_of),
            "suuntima_stock": self.suuntima_stock(as_of),
            "common_clients": self.common_clients(as_of),
        }

    def person(self, event):
        return self.facts.person(event.client)

    def members(self, county, day):
        key = (county, day)
        if key not in self.on_day:
            self.on_day[key] = {p for p in self.people[county] if self.membership.member(county, p, day)}
        return self.on_day[key]

    def of_member(self, event):
        return self.person(event) in self.members(event.county, local_date(event.data["occurred_at"]))

    def is_published(self, kind, period):
        return last_day(kind, period) >= self.since

    def days(self, kind, period, as_of):
        """The local dates of a period up to the as-of date."""
        day, found = first_day(kind, period), []
        while day <= min(last_day(kind, period), local_date(as_of)):
            found.append(day)
            day += timedelta(days=1)
        return found

    def published_periods(self, as_of):
        """The periods with figures that have started by the as-of date."""
        day, found = date(self.since.year, 1, 1), {}
        while day <= local_date(as_of):
            found |= dict.fromkeys(periods(day))
            day += timedelta(days=1)
        return [key for key in found if self.is_published(*key)]

    def scopes(self, event, when):
        return self.registers.scopes(event.county, event.data["unit"], local_date(event.data[when]))

    # the views

    def service_events(self, as_of):
        counts = Counter()
        for (county, kind, period), events in self.events_in.items():
            for event in events if self.is_published(kind, period) else []:
                segment = "multidisciplinary" if self.of_member(event) else "other"
                sector, event_class = event.data["sector"], event.data["event_class"]
                for level, scope in self.scopes(event, "occurred_at"):
                    for label in ("all",) if kind == "day" else ("all", segment):
                        for codes in (("all", "all"), (sector, "all"), ("all", event_class)):
                            counts[county, kind, period, level, scope, "all", label, *codes] += 1
        names = (*CELL_NAMES, "sector", "event_class")
        return [row(names, key, as_of, events=n) for key, n in counts.items()]

    def events_per_client(self, as_of):
        keys = {(county, *key) for county in self.registers.counties() for key in self.published_periods(as_of)}
        result = []
        for county, kind, period in keys | {key for key in self.events_in if self.is_published(*key[1:])}:
            days = self.days(kind, period, as_of)
            clients = set().union(*(self.members(county, day) for day in days))
            member_days = sum(len(self.members(county, day)) for day in days)
            cohort = self.members(county, days[-1]) if days else set()
            cells = defaultdict(list, {("county", county): []})
            for event in self.events_in[county, kind, period]:
                for scope_of_event in self.scopes(event, "occurred_at"):
                    cells[scope_of_event].append(event)
            for (level, scope), events in cells.items():
                of_members = [event for event in events if self.of_member(event)]
                of_cohort = [event for event in events if self.person(event) in cohort]
                if not (of_members or of_cohort or (level == "county" and member_days)):
                    continue
                cell_clients = {self.person(event) for event in of_members}
                key = (county, kind, period, level, scope, "all", "all")
                found = row(CELL_NAMES, key, as_of, member_events=len(of_members), segment_clients=len(clients))
                found |= {"events_per_client": share(len(of_members), len(clients)), "cell_clients": len(cell_clients)}
                found |= {"events_per_cell_client": share(len(of_members), len(cell_clients))}
                found |= {"member_days": member_days, "days": len(days)}
                found |= {"person_time": len(of_members) / (member_days / len(days)) if member_days else None}
                found |= {"cohort_events": len(of_cohort), "cohort_clients": len(cohort)}
                result.append(found | {"cohort_ratio": share(len(of_cohort), len(cohort))})
        return result

    def fixed_cohort(self, county, base, period, as_of):
        if not (self.is_published(kind_of(base), base) and self.is_published(kind_of(period), period)):
            return []
        days = self.days(kind_of(base), base, as_of)
        cohort = self.members(county, days[-1]) if days else set()
        has_started = bool(self.days(kind_of(period), period, as_of))
        counts = Counter({("county", county): 0} if cohort and has_started else {})
        for event in self.events_in[county, kind_of(period), period]:
            if self.person(event) in cohort:
                counts.update(self.scopes(event, "occurred_at"))
        names = ("scope_level", "scope", "clients", "events", "ratio")
        return [dict(zip(names, (*c, len(cohort), n, share(n, len(cohort))), strict=True)) for c, n in counts.items()]

    def suuntima(self, as_of):
        counts = defaultdict(Counter)
        for event in self.facts.of("assessment"):
            for kind, period in periods(local_date(event.data["assessed_at"])):
                for level, scope in self.scopes(event, "assessed_at") if self.is_published(kind, period) else []:
                    for codes in (("all", "all"), (event.data["battery"], "all"), ("all", event.data["sex"])):
                        cell = (event.county, kind, period, level, scope, "all", "all", *codes)
                        counts[cell][event.data["result"]] += 1
        names = (*CELL_NAMES, "battery", "sex", "result")
        result = []
        for key, found in counts.items():
            percents = printed(found)
            for value, n in found.items():
                part = share(n, sum(found.values()))
                result.append(row(names, (*key, value), as_of, n=n, share=part, percent_printed=percents[value]))
        return result

    def suuntima_stock(self, as_of):
        result = []
        for county in self.registers.counties():
            assessed = [e for e in self.facts.of("assessment") if e.county == county]
            assessed.sort(key=lambda e: (e.data["assessed_at"], e.id))
            for kind, period in self.published_periods(as_of):
                last = self.days(kind, period, as_of)[-1]
                latest = {self.person(e): e for e in assessed if local_date(e.data["assessed_at"]) <= last}
                held = Counter(
                    e.data["result"] for e in latest.values() if last < local_date(e.data["assessed_at"]) + YEAR
                )
                key = (county, kind, period, "county", county, "all", "all")
                names = (*CELL_NAMES, "result")
                result += [row(names, (*key, value), as_of, clients=n) for value, n in held.items()]
        return result

    def common_clients(self, as_of):
        result = []
        for county in self.registers.counties():
            flags = [e for e in self.facts.of("flag") if e.county == county]
            plans = [e for e in self.facts.of("plan") if e.county == county]
            starts = [e for e in flags if not self.flagged_before(e, flags)]
            for kind, period in self.published_periods(as_of):
                days = self.days(kind, period, as_of)
                counts = {
                    "common_client": (
                        len({self.person(e) for e in flags if valid(e, days[-1])}),
                        len({self.person(e) for e in starts if days[0] <= e.data["valid_from"] <= days[-1]}),
                    ),
                    "plan": (
                        sum(valid(e, days[-1]) for e in plans),
                        sum(days[0] <= e.data["valid_from"] <= days[-1] for e in plans),
                    ),
                }
                key = (county, kind, period, "county", county, "all", "all")
                for what, (stock, new) in counts.items():
                    if stock or new:
                        result.append(row((*CELL_NAMES, "kind"), (*key, what), as_of, stock=stock, new=new))
        return result

    def flagged_before(self, event, flags):
        if event.data["valid_from"] == date.min:
            return False
        day = event.data["valid_from"] - timedelta(days=1)
        return any(self.person(e) == self.person(event) and valid(e, day) for e in flags)


def row(names, key, as_of, **columns):
    return dict(zip(names, key, strict=True)) | columns | {"state": state(key[1], key[2], as_of, None)}


def kind_of(period):
    return {10: "day", 7: "month", 6: "quarter", 4: "year"}[len(period)]


def first_day(kind, period):
    if kind == "day":
        return date.fromisoformat(period)
    month = {"month": period[5:], "quarter": str(3 * int(period[-1]) - 2), "year": "1"}[kind]
    return date(int(period[:4]), int(month), 1)


def printed(counts):
    """Whole percents that add up to 100, by largest remainders; of equal remainders the earlier value comes first."""
    whole = sum(counts.values())
    result = {value: 100 * counts[value] // whole for value in RESULTS}
    ranked = sorted(RESULTS, key=lambda value: (-(100 * counts[value] % whole), RESULTS.index(value)))
    for value in ranked[: 100 - sum(result.values())]:
        result[value] += 1
    return result
