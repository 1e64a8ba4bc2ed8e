"""Raw bytes to an accepted event or a rejection: the whole validation of ingest; pure.

No record makes it raise. Checks run in the order of docs/events.md (What is rejected); the first that fails gives the
reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from services.ingest.aliases import Alias
from services.ingest.client import pseudonyms_of_hetus, pseudonyms_under_other_keys, refuse_misplaced_hetus
from services.ingest.envelope import Envelope, ParsedRecord, parse_record, read_envelope
from services.ingest.refusal import Refusal
from services.ingest.schema import to_canonical
from services.ingest.themes import Themes, has_visible_text
from shared.contracts.canonical import digest
from shared.contracts.catalogue import Stream
from shared.contracts.event import encode_parts
from shared.contracts.event_types import EVENT_TYPES, PERSON_KINDS, EventType
from shared.contracts.reasons import Reason
from shared.contracts.types import format_instant, parse_date, parse_instant
from shared.dead_letters import Rejected
from shared.hetu import holds_code
from shared.pseudonym import Keyring
from shared.record import Headers

LOCAL: Final = ZoneInfo("Europe/Helsinki")
TOLERANCE: Final = timedelta(hours=1)  # for clocks of upstream systems


@dataclass(frozen=True, slots=True)
class Context:
    """What validation depends on besides the record. `sources` None allows every source of a known county."""

    units: Mapping[str, frozenset[str]]
    sources: Mapping[str, frozenset[str]] | None
    themes: Themes
    keyring: Keyring
    now: datetime  # aware
    version: str = ""  # of the registers
    today: date = field(init=False)
    latest_allowed: str = field(init=False)  # canonical text of `now` plus the tolerance

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", self.now.astimezone(LOCAL).date())
        object.__setattr__(self, "latest_allowed", format_instant((self.now + TOLERANCE).astimezone(UTC)))


class Accepted(NamedTuple):
    """An event ready to publish: topic, key and value of its canonical record, and what metrics need.

    A named tuple, because every event makes one and a frozen dataclass costs three times as much.
    """

    topic: str
    key: bytes
    value: bytes
    county: str
    source: str
    type: str
    kind: str  # of the fact
    unknown_fields: int
    time: datetime
    aliases: tuple[Alias, ...] = ()  # of its persons; empty with a single key
    revision: int = 1


def validate(value: bytes | None, headers: Headers, stream: Stream, context: Context) -> Accepted | Rejected:
    """Validate a record of a raw topic, or the same event from a file or the gateway. Never raises.

    The `detail` of a rejection begins with the field and a colon where a field is at fault.
    """
    source = None
    try:
        parsed = parse_record(value, headers)
        envelope = read_envelope(parsed.event)
        source = envelope.source
        return _check_event(parsed, envelope, stream, context)
    except Refusal as refusal:
        retry_at = parse_instant(refusal.latest_time) - TOLERANCE if refusal.latest_time else None
        readable = None if source is None or holds_code(source) else source  # stored in clear text
        return Rejected(refusal.reason, refusal.detail, readable, retry_at, context.version)


def _check_event(parsed: ParsedRecord, envelope: Envelope, stream: Stream, context: Context) -> Accepted:
    event_type = _registered_type(envelope, stream, context)
    hetu_pseudonyms = pseudonyms_of_hetus(envelope, event_type, context.keyring, context.today)
    refuse_misplaced_hetus(parsed, event_type, len(hetu_pseudonyms))
    data, comment, unknown_fields = to_canonical(event_type, parsed, envelope, hetu_pseudonyms, context.keyring)
    if "unit" in data and data["unit"] not in context.units[envelope.county]:
        raise Refusal(Reason.UNKNOWN_UNIT, "data.unit: not in the unit register of its county")
    _refuse_future(event_type, envelope.time, data, context)
    return _accepted(event_type, envelope, data, comment, unknown_fields, context)


def _registered_type(envelope: Envelope, stream: Stream, context: Context) -> EventType:
    if envelope.county not in context.units:
        raise Refusal(Reason.UNKNOWN_SOURCE, "source: the county is not in units.csv")
    if context.sources is not None and stream not in context.sources.get(envelope.source, ()):
        raise Refusal(Reason.UNKNOWN_SOURCE, "source: not allowed on this stream by sources.csv")
    event_type = EVENT_TYPES.get(envelope.type)
    if event_type is None:
        raise Refusal(Reason.UNKNOWN_TYPE, "type: not a known event type")
    if event_type.stream != stream:
        raise Refusal(Reason.WRONG_TOPIC, f"type: belongs to the stream {event_type.stream}")
    return event_type


def _refuse_future(event_type: EventType, time: str, data: dict[str, Any], context: Context) -> None:
    limit = context.latest_allowed  # canonical texts sort as times do
    ahead = [name for name in event_type.past if name in data and data[name] > limit]
    if not ahead and time <= limit and "counted_on" not in data:
        return
    times = {f"data.{name}": data[name] for name in ahead} | ({"time": time} if time > limit else {})
    if "counted_on" in data and (midnight := _local_midnight(data["counted_on"])) > limit:
        times["data.counted_on"] = midnight
    if times:
        detail = f"{', '.join(times)}: more than one hour in the future"
        raise Refusal(Reason.FUTURE_TIME, detail, latest_time=max(times.values()))


@lru_cache(1024)
def _local_midnight(day: str) -> str:
    """Canonical text of the instant at which a local date begins."""
    midnight = datetime.combine(parse_date(day), clock(), LOCAL)
    try:
        return format_instant(midnight.astimezone(UTC))
    except OverflowError:  # 0001-01-01 begins before the first representable instant in UTC
        return ""


def _accepted(
    event_type: EventType,
    envelope: Envelope,
    data: dict[str, Any],
    comment: str | None,
    unknown_fields: int,
    context: Context,
) -> Accepted:
    persons = {name: data.pop(name) for name in event_type.clients if name in data}
    data_digest = digest(data)
    data.update(persons)
    if comment:
        _apply_comment(event_type, data, comment, context.themes)
    if "themes" in data:
        data["themes"] = list(dict.fromkeys(data["themes"]))
    kind, business_id = _business_id(event_type, data)
    id, source, county, _, type_, time, _, _ = envelope
    key = persons.get("client") or business_id
    if kind in PERSON_KINDS:
        key = f"{county}:{kind}:{business_id}"
    return Accepted(
        event_type.topics[kind],
        key.encode("utf-8"),
        encode_parts(county, source, id, type_, time, data_digest, data),
        county,
        source,
        type_,
        kind,
        unknown_fields,
        datetime.fromisoformat(time),
        _aliases(persons, envelope, context.keyring) if len(context.keyring.keys) > 1 else (),
        data["revision"],
    )


def _aliases(persons: dict[str, str], envelope: Envelope, keyring: Keyring) -> tuple[Alias, ...]:
    return tuple(
        Alias(envelope.county, other, pseudonym)
        for name, pseudonym in persons.items()
        for other in pseudonyms_under_other_keys(envelope.data[name], envelope, keyring)
    )


def _business_id(event_type: EventType, data: dict[str, Any]) -> tuple[str, str]:
    """Kind and business id of the fact. The model guarantees exactly one id."""
    for name, kind in event_type.ids.items():
        if name in data:
            return kind, data[name]
    raise AssertionError("the model lets an event without an id pass")


def _apply_comment(event_type: EventType, data: dict[str, Any], comment: str, themes: Themes) -> None:
    """Set what follows from the comment. The digest, computed before, covers neither the comment nor this."""
    if "has_comment" in data:
        data["has_comment"] = data["has_comment"] or has_visible_text(comment)
    if "themes" in event_type.fields and (found := themes.find(comment)):
        data["themes"] = [*data.get("themes", ()), *found]
