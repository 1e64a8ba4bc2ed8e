"""The care stream: members of the segment and their service events, common clients, plans, Suuntima."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from tests.seeds.clients import COMMON_CLIENTS, MEMBERS, member
from tests.seeds.lines import day_of, days, event, moment
from tests.seeds.units import STATIONS

_SERVICE_EVENTS: Final = (
    (days(date(2025, 10, 1), date(2026, 1, 1)), MEMBERS),
    (days(date(2026, 1, 1), date(2026, 4, 1)), MEMBERS * 11 // 10),
)
_PLANS: Final = 36
_FIRST_CLIENT_WITH_PLAN: Final = 4
"""Four clients have both a flag and a plan: the two numbers do not add up to clients."""
# result, battery, sex, number: 22 + 6 + 17 + 12 results, 22 + 9 + 2 + 24 batteries, 46 women and 11 men. The documents
# have no numbers of two of these together.
_SUUNTIMA: Final = (
    ("omatoimi", "functioning", "woman", 11),
    ("omatoimi", "illness", "woman", 6),
    ("omatoimi", "illness", "man", 3),
    ("omatoimi", "social", "man", 2),
    ("yhteiso", "functioning", "woman", 6),
    ("yhteistyo", "functioning", "man", 5),
    ("yhteistyo", "risk", "man", 1),
    ("yhteistyo", "risk", "woman", 11),
    ("verkosto", "risk", "woman", 12),
)
_PILOT_STATION_ASSESSMENTS: Final = 21
_QUARTER: Final = days(date(2026, 1, 1), date(2026, 4, 1))


def events() -> Iterator[bytes]:
    yield from _segment()
    yield from _service_events()
    yield from _common_clients()
    yield from _plans()
    yield from _suuntima()


def _segment() -> Iterator[bytes]:
    at = moment(date(2025, 1, 1), 0)
    for number in range(MEMBERS):
        data = {
            "assignment_id": f"segmentti-{number}",
            "client": member(number),
            "scheme": "oma",
            "segment": "monialainen",
            "valid_from": "2025-01-01",
            "valid_to": "2027-01-01",
        }
        yield event("asiakastieto", "care.segment", at, data)


def _service_events() -> Iterator[bytes]:
    for period, total in _SERVICE_EVENTS:
        for number in range(total):
            at = moment(day_of(period, number, total), number)
            data = {
                "service_event_id": f"tapahtuma-{period[0]}-{number}",
                "client": member(number % MEMBERS),
                "unit": STATIONS[number % len(STATIONS)],
                "sector": "vastaanotto",
                "event_class": "visit",
                "occurred_at": at,
            }
            yield event("potilastieto", "care.service-event", at, data)


def _common_clients() -> Iterator[bytes]:
    day = date(2026, 2, 2)
    for number in range(COMMON_CLIENTS):
        data = {"flag_id": f"yhteisasiakas-{number}", "client": member(number), "valid_from": day.isoformat()}
        yield event("potilastieto", "care.common-client", moment(day, number), data)


def _plans() -> Iterator[bytes]:
    for number in range(_PLANS):
        day = day_of(_QUARTER, number, _PLANS)
        client = member(_FIRST_CLIENT_WITH_PLAN + number)
        data = {"plan_id": f"suunnitelma-{number}", "client": client, "valid_from": day.isoformat()}
        yield event("asiakastieto", "care.plan", moment(day, number), data)


def _suuntima() -> Iterator[bytes]:
    """One assessment for each client; those with the result `verkosto` are members already."""
    total = sum(number for *_, number in _SUUNTIMA)
    groups = [group for *group, number in _SUUNTIMA for _ in range(number)]
    for number, (result, battery, sex) in enumerate(groups):
        at = moment(day_of(_QUARTER, number * 7 % total, total), number)
        is_member = result == "verkosto"
        data: dict[str, Any] = {
            "assessment_id": f"suuntima-{number}",
            "client": member(100 + number) if is_member else {"local_id": f"suuntima-{number}"},
            "unit": STATIONS[0] if number < _PILOT_STATION_ASSESSMENTS else STATIONS[1 + number % 2],
            "assessed_at": at,
            "result": result,
            "battery": battery,
            "sex": sex,
        }
        yield event("suuntima", "care.suuntima", at, data)
