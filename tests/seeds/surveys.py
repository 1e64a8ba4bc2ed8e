"""Survey answers and their invitations: recommendation, national statements, PEI, comments, cooperation, usefulness."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import chain, count, islice, repeat
from typing import Any

from tests.seeds.clients import MEMBERS, member
from tests.seeds.lines import day_of, days, event, mixed, moment
from tests.seeds.size import Size
from tests.seeds.units import HOSPITAL, LOCAL, PHONES

_ANSWER = {"promoter": 10, "passive": 8, "detractor": 3}
_SEGMENT = {"promoter": 3_696, "passive": 693, "detractor": 231}
_STATEMENTS = ("thl_help", "thl_cared", "thl_decide", "thl_safe", "thl_next", "thl_clear", "thl_useful")
_STATEMENT_ANSWERS = {5: 160, 4: 20, 3: 5, 2: 5, 1: 10}
_STATEMENT_UNITS = LOCAL[:4]
_PEI_ILLNESS = {"much_better": 2_500, "better": 3_295, "same_or_less": 3_350, "dont_know": 1_489}
_PEI_SITUATION = {"much_better": 6, "better": 8, "same_or_less": 7, "dont_know": 4}
_SOCIAL_UNIT = LOCAL[0]
_USEFUL = {5: 196, 4: 29, 3: 12, 2: 5, 1: 8}
_COOPERATION_2025 = {5: 50, 4: 28, 3: 12, 2: 6, 1: 4}
_COOPERATION_2026 = {5: 180, 4: 120, 3: 50, 2: 30, 1: 20}

_DEVICE_DAYS = days(date(2026, 1, 1), date(2026, 4, 1))
_SMS_DAYS = days(date(2026, 2, 1), date(2026, 4, 1))
_PHONE_DAYS = days(date(2026, 3, 16), date(2026, 4, 1))
_DECEMBER = days(date(2025, 12, 1), date(2026, 1, 1))

Answer = dict[str, Any]


def _answers(question: str, counts: Mapping[Any, int]) -> Iterator[Answer]:
    return ({"question": question, "value": value} for value in mixed(counts))


def _recommendations(counts: Mapping[str, int]) -> list[Answer]:
    return [{"question": "recommend", "value": _ANSWER[group]} for group in mixed(counts)]


def _groups(number: int, score: float, detractors: float) -> dict[str, int]:
    """Promoters, passives and detractors whose score is as near to `score` as `number` answers allow."""
    low = round(number * detractors)
    high = round(number * score) + low
    return {"promoter": high, "passive": number - high - low, "detractor": low}


class Surveys:
    """The survey answers of one size. Each list of answers is used up in the order of the methods of `events`."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._pei = _answers("pei_cope_illness", _PEI_ILLNESS)
        self._pei_social = _answers("pei_cope_situation", _PEI_SITUATION)
        self._statements = zip(*(_answers(question, _STATEMENT_ANSWERS) for question in _STATEMENTS), strict=True)
        self._numbers = count(1)

    def events(self) -> Iterator[bytes]:
        yield from self._devices()
        yield from self._sms_of_others()
        yield from self._sms_of_members()
        yield from self._invitations_without_answer()
        yield from self._useful()
        yield from self._cooperation_of_2025()

    def _response(self, unit: str, channel: str, at: str, answers: list[Answer], **data: Any) -> bytes:
        fact = {"response_id": f"vastaus-{next(self._numbers)}", "unit": unit, "channel": channel, "answered_at": at}
        system = "laitteet" if channel == "device" else "palaute"
        return event(system, "feedback.answered", at, fact | {"answers": answers} | data)

    def _devices(self) -> Iterator[bytes]:
        total = self._size.devices
        comments = mixed({True: total * 33 // 100, False: total - total * 33 // 100})
        for number, recommend in enumerate(_recommendations(_groups(total, 0.71, 0.09))):
            unit = LOCAL[number % len(LOCAL)]
            answers = [recommend]
            if unit in _STATEMENT_UNITS:
                answers += chain(*islice(self._statements, 1))
            pei = self._pei_social if unit == _SOCIAL_UNIT else self._pei
            answers += islice(chain(pei, self._pei), 1)
            at = moment(day_of(_DEVICE_DAYS, number, total), number)
            yield self._response(unit, "device", at, answers, has_comment=comments[number])

    def _sms_of_others(self) -> Iterator[bytes]:
        """Answers of clients outside the segment: all groups without those of the members."""
        all_groups = _groups(self._size.sms, 0.801, 0.04)
        recommendations = _recommendations({group: n - _SEGMENT[group] for group, n in all_groups.items()})
        for number, recommend in enumerate(recommendations):
            client = {"local_id": f"asiakas-{number}", "system": "potilastieto"}
            yield from self._sms(number, len(recommendations), [recommend], client, number)

    def _sms_of_members(self) -> Iterator[bytes]:
        recommendations = _recommendations(_SEGMENT)
        others = self._size.sms - len(recommendations)
        cooperation = chain(_answers("cooperation", _COOPERATION_2026), repeat(None))
        for number, (recommend, smooth) in enumerate(zip(recommendations, cooperation, strict=False)):
            answers = [recommend, smooth] if smooth else [recommend]
            yield from self._sms(number, len(recommendations), answers, member(number % MEMBERS), others + number)

    def _sms(
        self, number: int, total: int, answers: list[Answer], client: dict[str, str], place: int
    ) -> Iterator[bytes]:
        """The answer and its invitation. `place` counts the text message answers of all clients."""
        unit, day = HOSPITAL[number % 3 // 2], day_of(_SMS_DAYS, number, total)
        at = moment(day, number)
        data: dict[str, Any] = {"client": client, "has_comment": place * 76 % 100 < 76}
        if place < self._size.invited:
            data["invitation_id"] = f"kutsu-{place}"
            yield self._invitation(data["invitation_id"], unit, day - timedelta(days=1), number, True)
        yield self._response(unit, "sms", at, [*answers, *islice(self._pei, 1)], **data)

    def _invitation(self, id_: str, unit: str, day: date, number: int, delivered: bool) -> bytes:
        at = moment(day, number)
        data = {"invitation_id": id_, "unit": unit, "channel": "sms", "invited_at": at, "delivered": delivered}
        return event("palaute", "feedback.invited", at, data)

    def _invitations_without_answer(self) -> Iterator[bytes]:
        """The others: 26 of 100 delivered invitations were answered. One of a hundred was not delivered."""
        answered = self._size.invited
        unanswered = answered * 74 // 26
        delivered = mixed({True: unanswered, False: unanswered // 99})
        for number, arrived in enumerate(delivered):
            day = day_of(_SMS_DAYS, number, len(delivered))
            yield self._invitation(f"kutsu-{answered + number}", HOSPITAL[number % 3 // 2], day, number, arrived)

    def _useful(self) -> Iterator[bytes]:
        """Usefulness of the first line: by phone only, from the middle of March."""
        total = sum(_USEFUL.values())
        for number, useful in enumerate(_answers("useful", _USEFUL)):
            at = moment(day_of(_PHONE_DAYS, number, total), number)
            yield self._response(PHONES[number % len(PHONES)], "phone", at, [useful])

    def _cooperation_of_2025(self) -> Iterator[bytes]:
        total = sum(_COOPERATION_2025.values())
        for number, smooth in enumerate(_answers("cooperation", _COOPERATION_2025)):
            at = moment(day_of(_DECEMBER, number, total), number)
            yield self._response(HOSPITAL[number % 3 // 2], "sms", at, [smooth], client=member(number))
