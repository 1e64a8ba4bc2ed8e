"""The clients: test identities, their need of care and their services."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random

import orjson

from deploy.simulate.county_plans import Plan, Service
from deploy.simulate.draw import SIZE, table

CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_OLDEST = date(1930, 1, 1)
_BIRTH_DAYS = 33_000
"""From 1930 to 2020; with 100 test numbers a day there are 3.3 million identities."""

OCCASIONAL, AT_RISK, MULTIPLE = 0, 1, 2
_KINDS = table({OCCASIONAL: 0.76, AT_RISK: 0.17, MULTIPLE: 0.07})
_CARE = (1, 4, 14)
_CALLS = (2, 4, 7)
_LANGUAGES = table({"fi": 0.93, "sv": 0.015, "en": 0.03, "other": 0.022, "se": 0.002, "sms": 0.0005, "smn": 0.0005})
_SEXES = table({"woman": 0.55, "man": 0.44, "unknown": 0.01})


@dataclass(slots=True)
class Client:
    """`ref` and `alias` are encoded `client` objects of events; `services` are indexes into `Plan.services`."""

    ref: orjson.Fragment
    alias: orjson.Fragment | None
    kind: int
    services: Sequence[int]
    onset: int
    sex: str
    language: str
    born: int
    last_invited: int = -(10**9)

    def service(self, day: int, draw: float) -> int:
        """One of the services in use on a day. A client with multiple needs uses more services over time."""
        used = len(self.services)
        if self.kind == MULTIPLE:
            used = min(used, max(1, 2 + (day - self.onset) // 45))
        return self.services[int(draw * used)]

    def age_group(self, year: int) -> str:
        age = year - self.born
        return "18+" if age >= 18 else "13-17" if age >= 13 else "7-12"


def hetu(number: int) -> str:
    """Personal identity code number `number` of the Finnish test range (individual numbers 900-999)."""
    step, individual = divmod(number, 100)
    birth = _OLDEST + timedelta(days=step * 7919 % _BIRTH_DAYS)
    individual += 900
    marks = "-YXWVU" if birth.year < 2000 else "ABCDEF"
    mark = marks[step % 3 * 2 % 6] if step % 4 == 0 else marks[0]
    digits = f"{birth:%d%m%y}"
    return f"{digits}{mark}{individual}{CHECK[int(f'{digits}{individual}') % 31]}"


def people(plan: Plan, number: int, rng: Random, first: int) -> list[Client]:
    """`number` clients of a county. Their identities are numbered from `first`, so that counties share none."""
    chooser = _Services(plan.services)
    return [_client(first + i, rng, chooser) for i in range(number)]


def pool(clients: list[Client], weights: tuple[int, int, int]) -> list[Client]:
    """Each client as often as the weight of their kind, so that a draw from the list is a weighted draw."""
    return [client for client in clients for _ in range(weights[client.kind])]


def care_pool(clients: list[Client]) -> list[Client]:
    return pool(clients, _CARE)


def call_pool(clients: list[Client]) -> list[Client]:
    return pool(clients, _CALLS)


class _Services:
    """Draws the services of a client by age group and weight, one per sector."""

    def __init__(self, services: tuple[Service, ...]) -> None:
        self._sectors = [service.sector for service in services]
        self._groups = {
            group: [i for i, service in enumerate(services) if service.group in ("all", group)]
            for group in ("family", "adult", "old")
        }
        self._sums = {
            group: list(accumulate(services[i].weight for i in indexes)) for group, indexes in self._groups.items()
        }

    def choose(self, group: str, wanted: int, rng: Random) -> tuple[int, ...]:
        indexes, sums = self._groups[group], self._sums[group]
        chosen: dict[str, int] = {}
        for _ in range(wanted * 4):
            index = indexes[bisect(sums, rng.random() * sums[-1])]
            chosen.setdefault(self._sectors[index], index)
            if len(chosen) == wanted:
                break
        return tuple(chosen.values())


def _client(number: int, rng: Random, services: _Services) -> Client:
    random = rng.random
    code = hetu(number)
    local = orjson.Fragment(f'{{"local_id":"P{number:07}","system":"lifecare"}}'.encode())
    draw = random()
    kind = _KINDS[int(random() * SIZE)]
    born = 1900 + int(code[4:6]) + (100 if code[6] in "ABCDEF" else 0)
    group = "family" if born >= 2004 else "old" if born < 1952 else "adult"
    wanted = (1 + int(random() * 2), 1 + int(random() * 3), 3 + int(random() * 4))[kind]
    return Client(
        ref=local if draw < 0.03 else orjson.Fragment(f'{{"hetu":"{code}"}}'.encode()),
        alias=local if draw > 0.94 else None,
        kind=kind,
        services=services.choose(group, wanted, rng),
        onset=int(random() * 500) - 400,
        sex=_SEXES[int(random() * SIZE)],
        language=_LANGUAGES[int(random() * SIZE)],
        born=born,
    )
