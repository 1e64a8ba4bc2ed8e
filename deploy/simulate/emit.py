"""Turns states of business ids into CloudEvents that arrive on time, late or with noise."""

from random import Random
from typing import Any

import orjson

from deploy.simulate.arrivals import Arrivals
from deploy.simulate.calendar import DAY, Calendar
from deploy.simulate.draw import SIZE, exponential
from deploy.simulate.noise import Noise

Data = dict[str, Any]

_DELAYS = (
    exponential(20, 1, 300) * 30  # seconds in a queue
    + exponential(3 * 3600, 60, 20 * 3600) * 2  # a system that sends in the evening
)
_DELAYS[:: len(_DELAYS) // 128] = exponential(4 * DAY, DAY, 25 * DAY)[::8]  # a forgotten import
_DELAY_MASK = len(_DELAYS) - 1
_DISTURBED = round(0.035 * (1 << 15))


class Emitter:
    """Writes the events of one county, which has its own random generator."""

    def __init__(self, county: str, tag: str, calendar: Calendar, arrivals: Arrivals, rng: Random) -> None:
        self.county = county
        self.calendar = calendar
        self.rng = rng
        self.random = rng.random
        self._bits = rng.getrandbits
        self._arrivals = arrivals
        self._prefix = f"{tag}-{county[0]}"
        self._templates: dict[tuple[str, str], bytes] = {}
        self._ids = 0
        self._events = 0
        self._noise = Noise(rng)

    def business_id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}{self._prefix}{self._ids}"

    def send(self, system: str, type_: str, data: Data, at: int, *, disturb: bool = True) -> None:
        """Emit the whole state of a business id as known at second `at`."""
        line = self.line(system, type_, data, at)
        bits = self._bits(30)
        arrival = at + _DELAYS[bits & _DELAY_MASK]
        self._arrivals.add(arrival, line)
        bits >>= 15
        if disturb and bits < _DISTURBED:
            self._disturb(system, type_, data, arrival, line, bits / _DISTURBED)

    def raw(self, line: bytes, at: int) -> None:
        """Add a line unchanged, valid or not."""
        self._arrivals.add(at, line)

    def line(self, system: str, type_: str, data: Data, at: int) -> bytes:
        self._events += 1
        template = self._templates.get((system, type_)) or self._template(system, type_)
        day, second = divmod(at, DAY)
        calendar = self.calendar
        return template % (
            self._events,
            calendar.day_bytes[day],
            calendar.second_bytes[second],
            orjson.dumps(data),
        )

    def _template(self, system: str, type_: str) -> bytes:
        """The envelope without number, time and data. Twice as fast as encoding a mapping each time."""
        template = self._templates[(system, type_)] = (
            f'{{"specversion":"1.0","id":"e{self._prefix}%d","source":"urn:hva:{self.county}:{system}",'
            f'"type":"fi.hva.{type_}","time":"%b%bZ","data":%b}}'
        ).encode()
        return template

    def _disturb(self, system: str, type_: str, data: Data, at: int, line: bytes, draw: float) -> None:
        later = at + correction_delay(self.random())
        if draw < 0.4:
            self._arrivals.add(later, line)
            return
        for state_type, state in self._noise.later_states(type_, data, draw):
            later += 3600
            if later < self.calendar.end:
                self.send(system, state_type, state, later, disturb=False)


_DAYS_LATER = exponential(1.5 * DAY, 5, 30 * DAY)


def correction_delay(draw: float) -> int:
    """Seconds until a correction or duplicate is sent; 1.5 days on average."""
    return _DAYS_LATER[int(draw * SIZE)]
