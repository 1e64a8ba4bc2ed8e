"""The care stream: service events in several sectors, and the grounds of membership."""

from datetime import timedelta
from typing import Any

from deploy.simulate.calendar import NON_STOP, OFFICE_HOURS
from deploy.simulate.county_plans import Plan
from deploy.simulate.draw import MASK, SIZE, count, table
from deploy.simulate.emit import Emitter
from deploy.simulate.feedback import Feedback
from deploy.simulate.people import AT_RISK, MULTIPLE, Client, care_pool

_STATUS = table({"done": 0.925, "cancelled": 0.045, "no_show": 0.03})
_RESULTS = {
    MULTIPLE: table({"verkosto": 0.52, "yhteistyo": 0.3, "yhteiso": 0.08, "omatoimi": 0.1}),
    AT_RISK: table({"verkosto": 0.16, "yhteistyo": 0.4, "yhteiso": 0.14, "omatoimi": 0.3}),
    0: table({"verkosto": 0.05, "yhteistyo": 0.25, "yhteiso": 0.1, "omatoimi": 0.6}),
}
_BATTERIES = table({"functioning": 0.39, "illness": 0.16, "social": 0.03, "risk": 0.42})
_SEGMENTS = {0: "satunnainen", AT_RISK: "riskissa", MULTIPLE: "monialainen"}
_FLAG_DAYS = (90, 180, 365, 730)


class Care:
    """Makes the care events of one county, day by day."""

    def __init__(self, plan: Plan, emitter: Emitter, feedback: Feedback, clients: list[Client]) -> None:
        self._plan = plan
        self._emit = emitter
        self._feedback = feedback
        self._calendar = emitter.calendar
        self._random = emitter.random
        self._clients = clients
        self._users = care_pool(clients)
        self._common = [client for client in clients if client.kind == MULTIPLE] or clients
        self._classes = [table(service.classes) for service in plan.services]
        self._aliased = [client for client in clients if client.alias is not None]

    def day(self, day: int, mean: float) -> None:
        """Service events of a day; `mean` is their number on an average day. Successors replace closed units."""
        random, bits, calendar, services = self._random, self._emit.rng.getrandbits, self._calendar, self._plan.services
        send, new_id, classes = self._emit.send, self._emit.business_id, self._classes
        start, today = calendar.starts[day], calendar.dates[day]
        units = [self._unit(service.unit, today) for service in services]
        office, non_stop = calendar.office_factor(day), calendar.non_stop_factor(day)
        users, growth = self._users, 1 + 0.03 * (today.year - 2025)
        busiest = max(office, non_stop)
        for _ in range(count(self._emit.rng, mean * busiest * growth)):
            client = users[int(random() * len(users))]
            index = client.service(day, random())
            service = services[index]
            if not service.round_the_clock and office < busiest and random() * busiest > office:
                continue
            seconds = NON_STOP if service.round_the_clock else OFFICE_HOURS
            draw = bits(50)
            at = start + seconds[draw & MASK] + (draw >> 10 & MASK)
            status = _STATUS[draw >> 20 & MASK]
            data: dict[str, Any] = {
                "service_event_id": new_id("s"),
                "revision": 1,
                "client": client.ref if client.alias is None or draw & 3 else client.alias,
                "unit": units[index],
                "sector": service.sector,
                "event_class": classes[index][draw >> 30 & MASK],
                "occurred_at": calendar.utc(at),
                "status": status,
            }
            send(_system(service.social), "care.service-event.v1", data, at + 900)
            if status == "done" and (draw >> 40) < service.survey * SIZE:
                self._feedback.after_visit(client, units[index], service, at)

    def rare(self, day: int, clients: int) -> None:
        """Grounds of membership and merges; the factors below are means per client and year."""
        office = self._calendar.office_factor(day)
        rng, share = self._emit.rng, clients / 365 * office
        for _ in range(count(rng, share * 0.035)):
            self._suuntima(day)
        for _ in range(count(rng, share * 0.008)):
            self._dated(day, "care.common-client.v1", "flag_id", "l", "lifecare")
        for _ in range(count(rng, share * 0.02)):
            self._dated(day, "care.plan.v1", "plan_id", "p", "sosiaali")
        for _ in range(count(rng, share * (0.4 if day < 60 else 0.15))):
            self._segment(day)
        for _ in range(count(rng, share * 0.02)):
            self._merge(day)

    def erase(self, day: int) -> None:
        """An erasure of a random client."""
        client = self._clients[int(self._random() * len(self._clients))]
        data = {"erasure_id": self._emit.business_id("z"), "revision": 1, "client": client.ref}
        self._emit.send("lifecare", "client.erased.v1", data, self._office(day), disturb=False)

    def _office(self, day: int) -> int:
        return self._calendar.starts[day] + OFFICE_HOURS[int(self._random() * SIZE)]

    def _unit(self, unit: str, today: object) -> str:
        moved = self._plan.moved.get(unit)
        return unit if moved is None or str(today) < str(moved[0]) else moved[1]

    def _suuntima(self, day: int) -> None:
        random = self._random
        client = self._users[int(random() * len(self._users))]
        at = self._office(day)
        units = self._plan.suuntima_units
        data = {
            "assessment_id": self._emit.business_id("a"),
            "client": client.ref,
            "unit": units[int(random() * len(units))],
            "assessed_at": self._calendar.local(at),
            "result": _RESULTS[client.kind][int(random() * SIZE)],
            "battery": _BATTERIES[int(random() * SIZE)],
            "sex": client.sex,
        }
        self._emit.send("suuntima", "care.suuntima.v1", data, at + 60)

    def _dated(self, day: int, type_: str, id_field: str, kind: str, system: str) -> None:
        """A flag or a plan. It starts open; a later revision ends about a third of them."""
        random = self._random
        client = self._common[int(random() * len(self._common))]
        at = self._office(day)
        data: dict[str, Any] = {
            id_field: self._emit.business_id(kind),
            "revision": 1,
            "client": client.ref,
            "valid_from": self._calendar.isodates[day],
        }
        self._emit.send(system, type_, data, at)
        if random() < 0.35:
            end = day + _FLAG_DAYS[int(random() * len(_FLAG_DAYS))]
            if end < self._calendar.days:
                ended = {**data, "revision": 2, "valid_to": self._calendar.isodates[end]}
                self._emit.send(system, type_, ended, self._office(end))

    def _segment(self, day: int) -> None:
        """An assignment of the segmentation of the county, valid for a year."""
        random = self._random
        client = self._users[int(random() * len(self._users))]
        data = {
            "assignment_id": self._emit.business_id("g"),
            "client": client.ref,
            "scheme": "oma",
            "segment": _SEGMENTS[client.kind],
            "valid_from": self._calendar.isodates[day],
            "valid_to": (self._calendar.dates[day] + timedelta(days=365)).isoformat(),
        }
        self._emit.send("crm", "care.segment.v1", data, self._office(day))

    def _merge(self, day: int) -> None:
        """Merges the local identity of a client into their main one."""
        if not self._aliased:
            return
        client = self._aliased.pop(int(self._random() * len(self._aliased)))
        data = {
            "merge_id": self._emit.business_id("m"),
            "revision": 1,
            "from": client.alias,
            "into": client.ref,
        }
        self._emit.send("lifecare", "client.merged.v1", data, self._office(day), disturb=False)


def _system(social: bool) -> str:
    return "sosiaali" if social else "lifecare"
