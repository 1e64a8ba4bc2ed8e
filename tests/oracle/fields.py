"""The fields of each event type: field -> (check, default or REQUIRED or ABSENT), as in docs/events.md."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

REQUIRED, ABSENT = "required", "absent"
THL = ("thl_help", "thl_cared", "thl_decide", "thl_safe", "thl_next", "thl_clear", "thl_useful")
PEI = ("pei_cope_illness", "pei_cope_situation")
PEI_VALUES = ("much_better", "better", "same_or_less", "dont_know")
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)


class InvalidValue(Exception):
    """A value that its field does not allow."""


def instant(value):
    """RFC 3339 -> aware UTC, truncated to microseconds."""
    match = TIME.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise InvalidValue("time")
    *clock, fraction, sign, hours, minutes = match.groups()
    try:
        micros = int((fraction or "0")[:6].ljust(6, "0"))
        local = datetime(*map(int, clock), micros, tzinfo=UTC)
        shift = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        if int(hours or 0) > 23 or int(minutes or 0) > 59:
            raise InvalidValue("offset")
        return local + shift if sign == "-" else local - shift
    except (ValueError, OverflowError) as error:
        raise InvalidValue("time") from error


def day(value):
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise InvalidValue("date")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise InvalidValue("date") from error


def whole(low, high=None):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidValue("number")
        if isinstance(value, float) and not value.is_integer():
            raise InvalidValue("whole number")
        if value < low or (high is not None and value > high):
            raise InvalidValue("range")
        return int(value)

    return check


def boolean(value):
    if not isinstance(value, bool):
        raise InvalidValue("boolean")
    return value


def free(value):
    """An id: any string of 1-200 characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or "\0" in value:
        raise InvalidValue("id")
    return value


def code(value):
    if free(value) in ("all", "-"):
        raise InvalidValue("reserved code")
    return value


def one_of(*values):
    def check(value):
        if not isinstance(value, str) or value not in values:
            raise InvalidValue("closed list")
        return value

    return check


def codes(value):
    if not isinstance(value, list):
        raise InvalidValue("list")
    return [code(item) for item in value]


def text(value):
    if not isinstance(value, str):
        raise InvalidValue("text")
    return value


def answer_value(question, value):
    if question in PEI:
        return one_of(*PEI_VALUES)(value)
    if question == "recommend":
        return whole(0, 10)(value)
    return whole(0 if question in THL else 1, 5)(value)


def answers(value):
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidValue("answers")
    found = []
    for item in value:
        question = code(item.get("question"))
        found.append({"question": question, "value": answer_value(question, item.get("value"))})
    if len({item["question"] for item in found}) != len(found):
        raise InvalidValue("question twice")
    return found


def plain(value):
    """The text in NFKC, with every dash as a hyphen-minus."""
    return re.sub("[\u2010-\u2015\u2212]", "-", unicodedata.normalize("NFKC", value))


def hetu_key(value):
    """The normal form of a personal identity code; equal forms are one person."""
    return plain(value).strip().upper()


def client(value, county, system):
    """(county, kind, …); equal tuples are one client. `personal` checks the HETU."""
    if not isinstance(value, dict):
        raise InvalidValue("client")
    given = [name for name in ("hetu", "local_id", "pid") if value.get(name) is not None]
    if len(given) != 1:
        raise InvalidValue("exactly one")
    if given == ["hetu"]:
        return (county, "hetu", hetu_key(text(value["hetu"])))
    if given == ["local_id"]:
        own = system if value.get("system") is None else value["system"]
        if not isinstance(own, str) or not re.fullmatch(r"[a-z0-9-]+", own):
            raise InvalidValue("system")
        return (county, "local_id", own, free(value["local_id"]))
    if not isinstance(value["pid"], str):
        raise InvalidValue("pid")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{21}[AQgw]", value["pid"]):
        raise InvalidValue("pid")
    return (county, "pid", value["pid"])


FEEDBACK_CHANNEL = one_of("sms", "device", "web", "app", "phone", "paper", "chat", "other")
CONTACT_CHANNEL = one_of("phone", "chat", "sms", "digital_booking", "other")
REVISION = {"revision": (whole(1), 1)}
UNIT = {"unit": (code, REQUIRED)}
CLIENT = {"client": (client, ABSENT)}
REQUIRED_CLIENT = {"client": (client, REQUIRED)}
VALIDITY = {"valid_from": (day, REQUIRED), "valid_to": (day, ABSENT)}

INVITED = {
    "channel": (FEEDBACK_CHANNEL, REQUIRED),
    "invited_at": (instant, REQUIRED),
    "delivered": (boolean, REQUIRED),
}
ANSWERED = {
    "channel": (FEEDBACK_CHANNEL, REQUIRED),
    "answered_at": (instant, REQUIRED),
    "served_at": (instant, ABSENT),
    "invitation_id": (free, ABSENT),
    "respondent": (one_of("client", "relative", "professional"), "client"),
    "age_group": (one_of("7-12", "13-17", "18+"), ABSENT),
    "language": (one_of("fi", "sv", "en", "se", "sms", "smn", "other"), ABSENT),
    "question_set": (code, ABSENT),
    "answers": (answers, REQUIRED),
    "has_comment": (boolean, False),
    "comment": (text, ABSENT),
}
GIVEN = {
    "channel": (FEEDBACK_CHANNEL, REQUIRED),
    "given_at": (instant, REQUIRED),
    "kind": (one_of("thanks", "complaint", "idea", "question"), REQUIRED),
    "themes": (codes, ABSENT),
    "comment": (text, ABSENT),
    "wants_reply": (boolean, False),
    "replied_at": (instant, ABSENT),
}
CONTACT = {
    "line": (code, REQUIRED),
    "channel": (CONTACT_CHANNEL, REQUIRED),
    "direction": (one_of("inbound", "outbound"), "inbound"),
    "started_at": (instant, REQUIRED),
    "answered_at": (instant, ABSENT),
    "ended_at": (instant, ABSENT),
    "answer_mode": (one_of("direct", "callback"), ABSENT),
    "callback_requested_at": (instant, ABSENT),
    "callback_first_attempt_at": (instant, ABSENT),
    "callback_reached_at": (instant, ABSENT),
    "promised_by": (instant, ABSENT),
    "abandoned": (boolean, False),
    "excluded": (one_of("test", "spam", "wrong_number", "internal"), ABSENT),
    "reason": (code, ABSENT),
    "outcome": (code, ABSENT),
    "classification": (code, ABSENT),
    "transfers": (whole(0), 0),
    "planned": (boolean, False),
}
HYTE = {
    "kind": (one_of("tray_visit", "exercise_referral", "digital_path_coaching"), REQUIRED),
    "counted_on": (day, REQUIRED),
    "count": (whole(0), REQUIRED),
}
SERVICE = {
    "sector": (code, REQUIRED),
    "event_class": (one_of("visit", "home_visit", "remote", "inpatient_day", "group", "other"), "other"),
    "occurred_at": (instant, REQUIRED),
    "status": (one_of("done", "cancelled", "no_show"), "done"),
}
SUUNTIMA = {
    "assessed_at": (instant, REQUIRED),
    "result": (one_of("omatoimi", "yhteistyo", "yhteiso", "verkosto"), REQUIRED),
    "battery": (one_of("functioning", "illness", "social", "risk"), REQUIRED),
    "sex": (one_of("woman", "man", "other", "unknown"), "unknown"),
}
SEGMENT = {"scheme": (code, REQUIRED), "segment": (code, REQUIRED)}
MERGE = {"from": (client, REQUIRED), "into": (client, REQUIRED)}

# type -> (stream, kind, id field, other fields)
ENTITIES = {
    "fi.hva.feedback.invited.v1": ("feedback", "invitation", "invitation_id", UNIT | CLIENT | INVITED),
    "fi.hva.feedback.answered.v1": ("feedback", "response", "response_id", UNIT | CLIENT | ANSWERED),
    "fi.hva.feedback.given.v1": ("feedback", "feedback", "feedback_id", UNIT | CLIENT | GIVEN),
    "fi.hva.contact.recorded.v1": ("contact", "contact", "contact_id", UNIT | CLIENT | CONTACT),
    "fi.hva.hyte.counted.v1": ("contact", "hyte", "count_id", UNIT | HYTE),
    "fi.hva.care.service-event.v1": ("care", "service_event", "service_event_id", UNIT | REQUIRED_CLIENT | SERVICE),
    "fi.hva.care.common-client.v1": ("care", "flag", "flag_id", REQUIRED_CLIENT | VALIDITY),
    "fi.hva.care.plan.v1": ("care", "plan", "plan_id", REQUIRED_CLIENT | VALIDITY),
    "fi.hva.care.suuntima.v1": ("care", "assessment", "assessment_id", UNIT | REQUIRED_CLIENT | SUUNTIMA),
    "fi.hva.care.segment.v1": ("care", "assignment", "assignment_id", REQUIRED_CLIENT | SEGMENT | VALIDITY),
    "fi.hva.client.merged.v1": ("care", "merge", "merge_id", MERGE),
    "fi.hva.client.erased.v1": ("care", "erasure", "erasure_id", REQUIRED_CLIENT),
}
CARE_IDS = ("service_event_id", "flag_id", "plan_id", "assessment_id", "assignment_id", "merge_id")
# type -> (stream, the id fields of which exactly one is present)
RETRACTIONS = {
    "fi.hva.feedback.retracted.v1": ("feedback", ("response_id", "feedback_id", "invitation_id")),
    "fi.hva.contact.retracted.v1": ("contact", ("contact_id",)),
    "fi.hva.hyte.retracted.v1": ("contact", ("count_id",)),
    "fi.hva.care.retracted.v1": ("care", CARE_IDS),
}
KIND_OF_ID = {id_field: kind for _, kind, id_field, _ in ENTITIES.values()}
PERSONS = ("client", "from", "into")
# Time fields that may lie in the future.
PROMISES = ("promised_by", "valid_from", "valid_to")
