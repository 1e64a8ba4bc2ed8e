"""Invalid events: one maker for each kind of error, grouped by the reason of its rejection.

`wrong_topic` is missing, because `hva load` chooses the topic of a line by its type.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson

from deploy.simulate.calendar import Calendar
from deploy.simulate.county_plans import Plan
from deploy.simulate.emit import Emitter
from deploy.simulate.people import CHECK, hetu

Data = dict[str, Any]
_OVER_MAX_BYTES = 1_150_000


class InvalidEvents:
    """Makes invalid lines for one county. It uses test identities only, invalid ones included."""

    def __init__(self, plan: Plan, emitter: Emitter) -> None:
        self._plan = plan
        self._emit = emitter
        self._calendar: Calendar = emitter.calendar
        self._turn = 0
        self.makers: Mapping[str, tuple[Callable[[int], bytes], ...]] = {
            "undecodable": (self._cut, self._nan, self._doubled, self._lone_surrogate, self._too_deep),
            "envelope": (self._without_id, self._old_version, self._data_is_text, self._naive_time),
            "unknown_source": (self._other_county,),
            "unknown_type": (self._other_type,),
            "personal_id": (self._wrong_check, self._impossible_date, self._hetu_in_reason),
            "schema": (
                self._no_unit,
                self._recommend_eleven,
                self._unknown_channel,
                self._text_for_number,
                self._reserved,
                self._question_twice,
                self._nul,
                self._two_ids,
            ),
            "unknown_unit": (self._other_unit,),
            "future_time": (self._far_future,),
            "too_large": (self._large,),
        }
        often = {"schema": 6, "unknown_unit": 4, "personal_id": 4, "undecodable": 2, "envelope": 2}
        self._cycle = [
            maker
            for reason, makers in self.makers.items()
            if reason != "too_large"
            for _ in range(often.get(reason, 1))
            for maker in makers
        ]

    def random_line(self, at: int) -> bytes:
        """An invalid line; about one in a thousand is too large."""
        draw = self._emit.random()
        if draw < 0.001:
            return self._large(at)
        return self._cycle[int(draw * len(self._cycle))](at)

    def _contact(self, at: int) -> Data:
        line = self._plan.lines[0]
        return {
            "contact_id": self._emit.business_id("c"),
            "unit": line.unit,
            "line": line.code,
            "channel": "phone",
            "started_at": self._calendar.utc(at),
        }

    def _response(self, at: int) -> Data:
        return {
            "response_id": self._emit.business_id("r"),
            "unit": self._plan.devices[0],
            "channel": "device",
            "answered_at": self._calendar.utc(at),
            "answers": [{"question": "recommend", "value": 9}],
        }

    def _line(self, type_: str, content: Data, at: int, **envelope: Any) -> bytes:
        event = orjson.loads(self._emit.line("acd", type_, content, at))
        return orjson.dumps({name: value for name, value in {**event, **envelope}.items() if value is not None})

    def _recorded(self, at: int, **change: Any) -> bytes:
        return self._line("contact.recorded.v1", {**self._contact(at), **change}, at)

    def _answered(self, at: int, **change: Any) -> bytes:
        return self._line("feedback.answered.v1", {**self._response(at), **change}, at)

    def _hetu(self) -> str:
        self._turn += 1
        return hetu(self._turn)

    def _cut(self, at: int) -> bytes:
        return self._recorded(at)[:-20]

    def _nan(self, at: int) -> bytes:
        return self._answered(at).replace(b'"value":9', b'"value":NaN')

    def _doubled(self, at: int) -> bytes:
        return self._recorded(at).replace(b'"channel":', b'"channel":"chat","channel":', 1)

    def _lone_surrogate(self, at: int) -> bytes:
        return self._recorded(at, reason="?").replace(b'"?"', b'"\\ud800"')

    def _too_deep(self, at: int) -> bytes:
        return self._recorded(at, extra=1).replace(b'"extra":1', b'"extra":' + b"[" * 80 + b"]" * 80)

    def _without_id(self, at: int) -> bytes:
        return self._line("contact.recorded.v1", self._contact(at), at, id=None)

    def _old_version(self, at: int) -> bytes:
        return self._line("contact.recorded.v1", self._contact(at), at, specversion="0.3")

    def _data_is_text(self, at: int) -> bytes:
        return self._line("contact.recorded.v1", self._contact(at), at, data="puhelu")

    def _naive_time(self, at: int) -> bytes:
        time = self._calendar.utc(at)[:-1]
        return self._line("contact.recorded.v1", self._contact(at), at, time=time)

    def _other_county(self, at: int) -> bytes:
        return self._line("contact.recorded.v1", self._contact(at), at, source="urn:hva:atlantis:acd")

    def _other_type(self, at: int) -> bytes:
        return self._line("contact.recorded.v1", self._contact(at), at, type="fi.hva.contact.opened.v1")

    def _wrong_check(self, at: int) -> bytes:
        code = self._hetu()
        wrong = CHECK[(CHECK.index(code[-1]) + 1) % len(CHECK)]
        return self._recorded(at, client={"hetu": code[:-1] + wrong})

    def _impossible_date(self, at: int) -> bytes:
        return self._recorded(at, client={"hetu": f"310294-901{CHECK[310294901 % 31]}"})

    def _two_ids(self, at: int) -> bytes:
        return self._recorded(at, client={"hetu": self._hetu(), "local_id": "A1"})

    def _hetu_in_reason(self, at: int) -> bytes:
        return self._recorded(at, reason=f"soittopyyntö {self._hetu()}")

    def _no_unit(self, at: int) -> bytes:
        data = self._contact(at)
        del data["unit"]
        return self._line("contact.recorded.v1", data, at)

    def _recommend_eleven(self, at: int) -> bytes:
        return self._answered(at, answers=[{"question": "recommend", "value": 11}])

    def _unknown_channel(self, at: int) -> bytes:
        return self._recorded(at, channel="fax")

    def _text_for_number(self, at: int) -> bytes:
        return self._answered(at, answers=[{"question": "useful", "value": "5"}])

    def _reserved(self, at: int) -> bytes:
        return self._recorded(at, reason="all")

    def _question_twice(self, at: int) -> bytes:
        return self._answered(at, answers=[{"question": "useful", "value": value} for value in (4, 5)])

    def _nul(self, at: int) -> bytes:
        return self._recorded(at, reason="a\0b")

    def _other_unit(self, at: int) -> bytes:
        return self._recorded(at, unit="lakkautettu-neuvola")

    def _far_future(self, at: int) -> bytes:
        """A hundred years ahead, so that it is in the future on any machine."""
        started = f"{self._calendar.dates[-1] + timedelta(days=36_500)}T08:00:00Z"
        return self._recorded(at, started_at=started)

    def _large(self, at: int) -> bytes:
        return self._answered(at, comment="pitkä palaute " * (_OVER_MAX_BYTES // 15))
