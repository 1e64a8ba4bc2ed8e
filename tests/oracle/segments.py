"""Membership of the multidisciplinary segment (docs/figures.md) by person and day."""

from collections import defaultdict
from datetime import date, timedelta

from tests.oracle.registers import local_date

DEFAULTS = {
    "E3": {"results": ["verkosto"], "valid_days": 365},
    "E4": {"min_sectors": 3, "window_days": 365},
    "E6": {"scheme": "oma", "segment": "monialainen"},
}


class Membership:
    """The grounds of every person. `label(county, client, day)` is the label function of the views."""

    def __init__(self, facts, registers):
        self.facts = facts
        self.sectors = registers.sectors
        rule = registers.rule
        self.enabled = rule.get("enabled", ["E1", "E2", "E3", "E4", "E6"])
        self.parameters = {
            name: default | rule.get("parameters", {}).get(name, {}) for name, default in DEFAULTS.items()
        }
        self.known = {}
        self.grounds = defaultdict(lambda: defaultdict(list))
        for kind in ("flag", "plan", "assessment", "service_event", "assignment"):
            for event in facts.of(kind):
                self.grounds[event.county, facts.person(event.client)][kind].append(event)

    def label(self, county, client, day):
        if client is None:
            return "unknown"
        return "multidisciplinary" if self.member(county, self.facts.person(client), day) else "other"

    def member(self, county, person, day):
        key = (county, person, day)
        if key not in self.known:
            grounds = self.grounds[county, person]
            tests = {"E1": self.e1, "E2": self.e2, "E3": self.e3, "E4": self.e4, "E6": self.e6}
            self.known[key] = any(tests[name](grounds, day) for name in self.enabled)
        return self.known[key]

    def e1(self, grounds, day):
        return any(valid(event, day) for event in grounds["flag"])

    def e2(self, grounds, day):
        return any(valid(event, day) for event in grounds["plan"])

    def e3(self, grounds, day):
        latest = max(
            (event for event in grounds["assessment"] if local_date(event.data["assessed_at"]) <= day),
            key=lambda event: (event.data["assessed_at"], event.id),
            default=None,
        )
        if latest is None or latest.data["result"] not in self.parameters["E3"]["results"]:
            return False
        valid_from = local_date(latest.data["assessed_at"])
        return day < valid_from + timedelta(days=self.parameters["E3"]["valid_days"])

    def e4(self, grounds, day):
        since = day - timedelta(days=self.parameters["E4"]["window_days"])
        sectors = {
            event.data["sector"]
            for event in grounds["service_event"]
            if event.data["status"] == "done" and since < local_date(event.data["occurred_at"]) <= day
        }
        kinds = {self.sectors.get(sector) for sector in sectors}
        return len(sectors) >= self.parameters["E4"]["min_sectors"] and {"health", "social"} <= kinds

    def e6(self, grounds, day):
        wanted = self.parameters["E6"]
        return any(
            valid(event, day) and (event.data["scheme"], event.data["segment"]) == (wanted["scheme"], wanted["segment"])
            for event in grounds["assignment"]
        )


def valid(event, day):
    return event.data["valid_from"] <= day < event.data.get("valid_to", date.max)
