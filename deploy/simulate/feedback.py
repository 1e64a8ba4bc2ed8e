"""The feedback stream: invitations and answers by SMS, answers on devices in lobbies, direct feedback.

Proportions follow Finnish reports. SMS: NPS about 80, response rate 26 %, comments in 76 %. Devices: NPS about 71,
comments in 33 %. National statements: 80 % fully agree, 10 % partly agree, 5 % fully disagree.
"""

from typing import Any

from deploy.simulate.calendar import DAY, EVENINGS, OFFICE_HOURS
from deploy.simulate.county_plans import Plan, Service
from deploy.simulate.draw import SIZE, count, exponential, table
from deploy.simulate.emit import Emitter
from deploy.simulate.people import MULTIPLE, Client
from deploy.simulate.texts import COMMENTS, COMPLAINTS, IDEAS, THANKS

Answer = dict[str, Any]
RESPONSE_RATE = 0.26
SPACING = 30 * DAY
"""Minimum seconds between two invitations of a client."""

_PROMOTERS = {10: 0.68, 9: 0.32}
_PASSIVES = {8: 0.7, 7: 0.3}
_DETRACTORS = {6: 0.25, 5: 0.25, 4: 0.12, 3: 0.12, 2: 0.08, 1: 0.06, 0: 0.12}


def _nps(promoters: float, detractors: float) -> list[Answer]:
    weights: dict[int, float] = {}
    shares = (promoters, 1 - promoters - detractors, detractors)
    for share, values in zip(shares, (_PROMOTERS, _PASSIVES, _DETRACTORS), strict=True):
        weights |= {value: share * weight for value, weight in values.items()}
    return _answers("recommend", weights)


def _answers(question: str, weights: dict[Any, float]) -> list[Answer]:
    prepared: dict[int, Answer] = {i: {"question": question, "value": value} for i, value in enumerate(weights)}
    return [prepared[i] for i in table(dict(enumerate(weights.values())))]


_AGREE = {5: 0.785, 4: 0.105, 3: 0.03, 2: 0.02, 1: 0.045, 0: 0.015}
_STATEMENTS = [
    _answers(f"thl_{name}", {**_AGREE, 5: _AGREE[5] + shift})
    for name, shift in (
        ("help", 0.02),
        ("cared", -0.01),
        ("decide", -0.02),
        ("safe", 0.04),
        ("next", -0.05),
        ("clear", 0.02),
        ("useful", 0.0),
    )
]
_PEI = {"much_better": 0.24, "better": 0.31, "same_or_less": 0.31, "dont_know": 0.14}
_PEI_ILLNESS, _PEI_SITUATION = _answers("pei_cope_illness", _PEI), _answers("pei_cope_situation", _PEI)
_RECOMMEND = {
    "sms": _nps(0.87, 0.05),
    "device": _nps(0.80, 0.09),
    "multiple": _nps(0.79, 0.10),
    "line": _nps(0.80, 0.08),
}
_USEFUL = _answers("useful", {5: 0.784, 4: 0.116, 3: 0.045, 2: 0.02, 1: 0.035})
_EASY = _answers("easy_contact", {5: 0.66, 4: 0.19, 3: 0.07, 2: 0.04, 1: 0.04})
_COOPERATION = {
    False: _answers("cooperation", {5: 0.58, 4: 0.22, 3: 0.1, 2: 0.05, 1: 0.05}),
    True: _answers("cooperation", {5: 0.48, 4: 0.25, 3: 0.13, 2: 0.07, 1: 0.07}),
}
_OWN = _answers("ymparisto_viihtyisa", {5: 0.5, 4: 0.3, 3: 0.12, 2: 0.05, 1: 0.03})

_ANSWER_DELAYS = exponential(1.1 * DAY, 120, 20 * DAY)
_INVITE_DELAYS = exponential(0.6 * DAY, 1800, 3 * DAY)
_REPLY_DELAYS = exponential(5 * DAY, 3600, 30 * DAY)
_RESPONDENTS = table({"client": 0.93, "relative": 0.06, "professional": 0.01})
_KINDS = table({"complaint": 0.5, "idea": 0.23, "thanks": 0.22, "question": 0.05})
_FEEDBACK_CHANNELS = table({"web": 0.62, "app": 0.2, "paper": 0.1, "phone": 0.06, "other": 0.02})
_KIND_TEXTS = {"complaint": COMPLAINTS, "idea": IDEAS, "thanks": THANKS, "question": COMMENTS}
_THEMES = ("kohtaaminen", "sujuvuus", "saatavuus", "tiedonkulku")


class Feedback:
    """Makes the feedback of one county. Instants are seconds of the calendar."""

    def __init__(self, plan: Plan, emitter: Emitter, clients: list[Client]) -> None:
        self._plan = plan
        self._emit = emitter
        self._calendar = emitter.calendar
        self._random = emitter.random
        self._clients = clients

    def after_visit(self, client: Client, unit: str, service: Service, at: int) -> None:
        """May send an SMS invitation some hours after a visit, and may answer it."""
        if at - client.last_invited < SPACING:
            return
        invited_at = at + _INVITE_DELAYS[int(self._random() * SIZE)]
        invitation = self._invite(client, unit, invited_at)
        if invitation is None:
            return
        answers = self._survey(client, service.social)
        self._answer(client, unit, "sms", invited_at, at, invitation, answers, "thl-2024")

    def after_contact(self, client: Client, unit: str, channel: str, at: int, *, easy: bool) -> None:
        """May send a survey after a contact: was it useful and, with `easy` (from 2026), was it easy to get."""
        if at - client.last_invited < SPACING:
            return
        random = self._random
        survey_channel = "chat" if channel == "chat" else "sms"
        invited_at = at + 600
        invitation = self._invite(client, unit, invited_at, survey_channel)
        if invitation is None:
            return
        answers = [_RECOMMEND["line"][int(random() * SIZE)], _USEFUL[int(random() * SIZE)]]
        if easy:
            answers.append(_EASY[int(random() * SIZE)])
        self._answer(client, unit, survey_channel, invited_at, at, invitation, answers, "ensilinja-2025")

    def devices(self, day: int, mean: float) -> None:
        """Answers on devices in lobbies, without invitation or client."""
        random, calendar = self._random, self._calendar
        start, recommend = calendar.starts[day], _RECOMMEND["device"]
        for _ in range(count(self._emit.rng, mean)):
            at = start + OFFICE_HOURS[int(random() * SIZE)] + int(random() * 60)
            answers = [recommend[int(random() * SIZE)]]
            if random() < 0.5:
                answers.append(_STATEMENTS[int(random() * 7)][int(random() * SIZE)])
            if random() < 0.35:
                answers.append(_PEI_ILLNESS[int(random() * SIZE)])
            data: dict[str, Any] = {
                "response_id": self._emit.business_id("r"),
                "unit": self._plan.devices[int(random() * len(self._plan.devices))],
                "channel": "device",
                "answered_at": calendar.local(at),
                "answers": answers,
                "has_comment": random() < 0.33,
            }
            self._emit.send("laitteet", "feedback.answered.v1", data, at)

    def direct(self, day: int, mean: float) -> None:
        """Direct feedback. A reply, if requested, comes as a later revision."""
        random, calendar = self._random, self._calendar
        for _ in range(count(self._emit.rng, mean)):
            at = calendar.starts[day] + EVENINGS[int(random() * SIZE)] + int(random() * 600)
            kind = _KINDS[int(random() * SIZE)]
            texts = _KIND_TEXTS[kind]
            client = self._clients[int(random() * len(self._clients))]
            unit = self._plan.services[client.services[0]].unit
            data: dict[str, Any] = {
                "feedback_id": self._emit.business_id("f"),
                "revision": 1,
                "unit": unit,
                "channel": _FEEDBACK_CHANNELS[int(random() * SIZE)],
                "given_at": calendar.utc(at),
                "kind": kind,
                "comment": texts[int(random() * len(texts))],
                "wants_reply": random() < 0.35,
            }
            if random() < 0.25:
                data["themes"] = [_THEMES[int(random() * len(_THEMES))]]
            if random() < 0.4:
                data["client"] = client.ref
            self._emit.send("palaute", "feedback.given.v1", data, at)
            if data["wants_reply"] and random() < 0.88:
                self._reply(data, at)

    def _reply(self, data: dict[str, Any], given_at: int) -> None:
        at = given_at + _REPLY_DELAYS[int(self._random() * SIZE)]
        if at < self._calendar.end:
            replied = {**data, "revision": 2, "replied_at": self._calendar.utc(at)}
            self._emit.send("palaute", "feedback.given.v1", replied, at + 60)

    def _invite(self, client: Client, unit: str, at: int, channel: str = "sms") -> str | None:
        """Send an invitation. Returns its id when it is delivered and will be answered, else None."""
        if at >= self._calendar.end:
            return None
        client.last_invited = at
        delivered = self._random() < 0.97
        invitation = self._emit.business_id("i")
        data = {
            "invitation_id": invitation,
            "unit": unit,
            "channel": channel,
            "invited_at": self._calendar.utc(at),
            "delivered": delivered,
            "client": client.ref,
        }
        self._emit.send("palaute", "feedback.invited.v1", data, at)
        return invitation if delivered and self._random() < RESPONSE_RATE else None

    def _survey(self, client: Client, social: bool) -> list[Answer]:
        """The recommendation, two to seven national statements, and sometimes other questions."""
        random = self._random
        multiple = client.kind == MULTIPLE
        answers = [_RECOMMEND["multiple" if multiple else "sms"][int(random() * SIZE)]]
        first = int(random() * 3)
        answers += [entries[int(random() * SIZE)] for entries in _STATEMENTS[first : first + 2 + int(random() * 6)]]
        if random() < 0.3:
            answers.append((_PEI_SITUATION if social else _PEI_ILLNESS)[int(random() * SIZE)])
        if multiple or random() < 0.15:
            answers.append(_COOPERATION[multiple][int(random() * SIZE)])
        if random() < 0.05:
            answers.append(_OWN[int(random() * SIZE)])
        return answers

    def _answer(
        self,
        client: Client,
        unit: str,
        channel: str,
        invited_at: int,
        served_at: int,
        invitation: str,
        answers: list[Answer],
        question_set: str,
    ) -> None:
        random, calendar = self._random, self._calendar
        at = invited_at + _ANSWER_DELAYS[int(random() * SIZE)]
        if at >= calendar.end:
            return
        data: dict[str, Any] = {
            "response_id": self._emit.business_id("r"),
            "unit": unit,
            "channel": channel,
            "answered_at": calendar.local(at),
            "served_at": calendar.utc(served_at),
            "invitation_id": invitation,
            "respondent": _RESPONDENTS[int(random() * SIZE)],
            "age_group": client.age_group(calendar.first_day.year),
            "language": client.language,
            "question_set": question_set,
            "answers": answers,
        }
        if random() < 0.76:
            data["comment"] = COMMENTS[int(random() * len(COMMENTS))]
        if random() < 0.3:  # usually only the invitation names the client
            data["client"] = client.ref
        self._emit.send("palaute", "feedback.answered.v1", data, at)
