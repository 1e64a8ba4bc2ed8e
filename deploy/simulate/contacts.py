"""The contact stream: calls, chats and messages to first lines, digital bookings, and counts of health promotion.

Calibrated on public reports: about 36 % of phone and chat contacts were resolved in 2025 and 38 % in 2026, chats more
often than calls. The shares of direct answers and of callbacks on the same day grow.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from deploy.simulate.calendar import EVENINGS, NON_STOP, OFFICE_HOURS
from deploy.simulate.county_plans import Line, Plan
from deploy.simulate.draw import MASK, SIZE, count, exponential, table
from deploy.simulate.emit import Emitter
from deploy.simulate.feedback import Feedback
from deploy.simulate.months import Month, month_of
from deploy.simulate.people import Client

Data = dict[str, Any]

_RESOLVED = frozenset({"hoidettu-loppuun", "hyte-ohjattu"})
_TRANSFERS = table({0: 0.86, 1: 0.1, 2: 0.03, 3: 0.01})
_WAIT_DIRECT = exponential(150, 3, 2400)
_WAIT_CHAT = exponential(240, 5, 3600)
_WAIT_CALLBACK = exponential(2.2 * 3600, 240, 8 * 3600)
_TALK = exponential(380, 25, 3600)
_REPEAT_DAYS = (1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 10, 14, 21)
_EXCLUDED = ("test", "spam", "wrong_number", "internal", "wrong_number")


@dataclass(frozen=True, slots=True)
class _Repeat:
    """A later contact of a client about the same reason."""

    line: Line
    client: Client
    reason: str
    second: int
    planned: bool


class Contacts:
    """Makes the contacts of one county, day by day."""

    def __init__(self, plan: Plan, emitter: Emitter, feedback: Feedback, callers: list[Client]) -> None:
        self._plan = plan
        self._emit = emitter
        self._feedback = feedback
        self._calendar = emitter.calendar
        self._random = emitter.random
        self._bits = emitter.rng.getrandbits
        self._callers = callers
        self._months: dict[date, Month] = {}
        self._repeats: dict[int, list[_Repeat]] = {}
        self._total = sum(line.weight for line in plan.lines)

    def day(self, day: int, mean: float) -> None:
        """All contacts of a day; `mean` is their number on an average day in all lines."""
        month = self._month(day)
        start = self._calendar.starts[day]
        office, non_stop = self._calendar.office_factor(day), self._calendar.non_stop_factor(day)
        for line in self._plan.lines:
            factor = non_stop if line.round_the_clock else office
            seconds = NON_STOP if line.round_the_clock else OFFICE_HOURS
            for _ in range(count(self._emit.rng, mean * factor * line.weight / self._total)):
                draw = self._bits(20)
                second = seconds[draw & MASK] + (draw >> 10) // 16
                self._first_contact(month, line, day, start + second)
            if line.booking:
                self._bookings(line, day, mean * line.booking * line.weight / self._total)
        for repeat in self._repeats.pop(day, ()):
            if repeat.line.round_the_clock or office > 0.2:
                self._contact(
                    month, repeat.line, day, start + repeat.second, repeat.client, repeat.reason, repeat.planned
                )
            elif day + 1 < self._calendar.days:
                self._repeats.setdefault(day + 1, []).append(repeat)

    def hyte(self, day: int, clients: int) -> None:
        """Counts of health promotion: tray visits every day, referrals and coaching on Fridays."""
        if self._calendar.dates[day] < self._plan.hyte_since:
            return
        self._count(day, "tray_visit", clients * 0.012)
        if self._calendar.dates[day].weekday() == 4:
            self._count(day, "exercise_referral", clients * 0.0009)
            self._count(day, "digital_path_coaching", clients * 0.0014)

    def _count(self, day: int, kind: str, mean: float) -> None:
        growth = 1 + 0.08 * (self._calendar.dates[day].year - 2025)
        data = {
            "count_id": self._emit.business_id("h"),
            "unit": self._plan.hyte_unit,
            "kind": kind,
            "counted_on": self._calendar.isodates[day],
            "count": count(self._emit.rng, mean * growth),
        }
        self._emit.send("hyte", "hyte.counted.v1", data, self._calendar.starts[day + 1] - 600)

    def _month(self, day: int) -> Month:
        date = self._calendar.dates[day].replace(day=1)
        return self._months.get(date) or self._months.setdefault(date, month_of(date, self._plan.chat_since))

    def _first_contact(self, month: Month, line: Line, day: int, at: int) -> None:
        random = self._random
        client = self._callers[int(random() * len(self._callers))] if random() < 0.78 else None
        reason = line.reasons[int(random() * len(line.reasons))] if random() < 0.85 else None
        self._contact(month, line, day, at, client, reason, False)

    def _contact(
        self,
        month: Month,
        line: Line,
        day: int,
        at: int,
        client: Client | None,
        reason: str | None,
        planned: bool,
    ) -> None:
        draw = self._random()
        chat = line.chat * month.chat_growth
        channel = "chat" if draw < chat else "sms" if draw < chat + line.sms else "phone"
        data: Data = {
            "contact_id": self._emit.business_id("c"),
            "unit": self._plan.chat_unit if channel == "chat" and month.chat_unit_open else line.unit,
            "line": line.code,
            "channel": channel,
            "started_at": self._calendar.utc(at),
        }
        if client is not None:
            data["client"] = client.ref
        if reason is not None:
            data["reason"] = reason
        if planned:
            data["planned"] = True
        self._add_rare_fields(data, at)
        ended = self._add_result(month, channel, data, at)
        outcome = data.get("outcome")
        self._emit.send("chat" if channel == "chat" else "acd", "contact.recorded.v1", data, ended)
        if client is None:
            return
        if reason is not None:
            self._maybe_repeat(line, client, reason, outcome, day, at)
        if outcome is not None and month.surveys and self._random() < 0.3:
            self._feedback.after_contact(client, data["unit"], channel, ended, easy=month.easy)

    def _add_rare_fields(self, data: Data, at: int) -> None:
        draw = self._random()
        if draw > 0.11:
            return
        if draw < 0.015:
            data["excluded"] = _EXCLUDED[int(self._random() * len(_EXCLUDED))]
        elif draw < 0.05:
            data["direction"] = "outbound"
        elif draw < 0.08:
            data["promised_by"] = self._calendar.utc(at + 3600)

    def _add_result(self, month: Month, channel: str, data: Data, at: int) -> int:
        """Add the result of the contact to `data`; returns the second at which the contact ended."""
        random, utc = self._random, self._calendar.utc
        if channel != "phone":
            return self._message(month, channel, data, at)
        mode = month.modes[int(random() * SIZE)]
        if mode == "callback":
            return self._callback(month, data, at)
        if mode == "direct":
            answered = at + _WAIT_DIRECT[int(random() * SIZE)]
            return self._handled(month, data, answered, "answered_at", "direct")
        ended = at + (1 + int(random() * 5) if mode == "early" else _WAIT_DIRECT[int(random() * SIZE)] + 6)
        data["abandoned"] = True
        data["ended_at"] = utc(ended)
        return ended

    def _message(self, month: Month, channel: str, data: Data, at: int) -> int:
        random = self._random
        if random() < 0.06:
            ended = at + _WAIT_CHAT[int(random() * SIZE)]
            data["abandoned"] = True
            data["ended_at"] = self._calendar.utc(ended)
            return ended
        waits = _WAIT_CHAT if channel == "chat" else _WAIT_CALLBACK
        return self._handled(month, data, at + waits[int(random() * SIZE)], "answered_at", "direct")

    def _callback(self, month: Month, data: Data, at: int) -> int:
        random, calendar = self._random, self._calendar
        requested = at + 40
        data["callback_requested_at"] = calendar.utc(requested)
        attempt = requested + _WAIT_CALLBACK[int(random() * SIZE)]
        if random() > month.same_day:
            attempt += 86_400
        if random() < 0.15:  # sent twice: the request, then a revision with the result
            self._emit.send("acd", "contact.recorded.v1", dict(data), requested + 1, disturb=False)
            data["revision"] = 2
        data["callback_first_attempt_at"] = calendar.utc(attempt)
        if random() < 0.06:  # never reached
            return attempt
        reached = attempt if random() < 0.8 else attempt + 1800
        return self._handled(month, data, reached, "callback_reached_at", "callback")

    def _handled(self, month: Month, data: Data, answered: int, field: str, mode: str) -> int:
        utc = self._calendar.utc
        draw = self._bits(40)
        ended = answered + _TALK[draw & MASK]
        data[field] = utc(answered)
        data["ended_at"] = self._calendar.local(ended)
        data["answer_mode"] = mode
        if transfers := _TRANSFERS[draw >> 10 & MASK]:
            data["transfers"] = transfers
        if draw >> 30 < 0.94 * SIZE:
            outcomes = month.outcomes["chat" if data["channel"] == "chat" else "phone"]
            data["outcome"] = outcomes[draw >> 20 & MASK]
            data["classification"] = month.classification
        return ended

    def _maybe_repeat(self, line: Line, client: Client, reason: str, outcome: str | None, day: int, at: int) -> None:
        random = self._random
        draw = random()
        if outcome is None and draw < 0.3:  # tries again on the same day
            later = at + 900 + int(random() * 7200)
            if later < self._calendar.starts[day + 1] - 3600:
                self._contact(self._month(day), line, day, later, client, reason, False)
        elif draw < (0.07 if outcome in _RESOLVED else 0.2):
            then = day + _REPEAT_DAYS[int(random() * len(_REPEAT_DAYS))]
            second = OFFICE_HOURS[int(random() * SIZE)] + int(random() * 60)
            planned = outcome in ("ajanvaraus", "soittopyynto") and random() < 0.3
            self._repeats.setdefault(then, []).append(_Repeat(line, client, reason, second, planned))

    def _bookings(self, line: Line, day: int, mean: float) -> None:
        """Digital bookings by clients, mostly in the evening."""
        random, calendar = self._random, self._calendar
        growth = 1 + 0.15 * (calendar.dates[day].year - 2025)
        for _ in range(count(self._emit.rng, mean * growth)):
            at = calendar.starts[day] + EVENINGS[int(random() * SIZE)] + int(random() * 900)
            data = {
                "contact_id": self._emit.business_id("c"),
                "unit": line.unit,
                "line": line.code,
                "channel": "digital_booking",
                "started_at": calendar.utc(at),
                "client": self._callers[int(random() * len(self._callers))].ref,
                "reason": "ajanvaraus",
            }
            self._emit.send("ajanvaraus", "contact.recorded.v1", data, at + 30)
