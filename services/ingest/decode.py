"""Bytes to an accepted event or a rejection: the whole validation of ingest, and pure.

Nothing in a record can make it raise. The checks stand in the order of the contract; the first that fails is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from services.ingest.aliases import Alias
from services.ingest.client import other_pseudonyms, pseudonyms_of_codes, refuse_codes
from services.ingest.envelope import Envelope, Opened, open_record, read_envelope
from services.ingest.refusal import Refusal
from services.ingest.schema import fit
from services.ingest.themes import Themes, says_something
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
TOLERANCE: Final = timedelta(hours=1)  # clocks of upstream systems


@dataclass(frozen=True, slots=True)
class Context:
    """What a validation depends on besides the record. `sources` None: every source of a known county may write."""

    units: Mapping[str, frozenset[str]]
    sources: Mapping[str, frozenset[str]] | None
    themes: Themes
    keyring: Keyring
    now: datetime  # aware
    version: str = ""  # of the registers
    today: date = field(init=False)
    limit: str = field(init=False)  # canonical text of the latest time that is not too far ahead

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", self.now.astimezone(LOCAL).date())
        object.__setattr__(self, "limit", format_instant((self.now + TOLERANCE).astimezone(UTC)))


class Accepted(NamedTuple):
    """An event ready to be written: topic, key and value of the canonical record, and what freshness tells.

    A named tuple, since one is made for every event: a frozen dataclass costs three times as much.
    """

    topic: str
    key: bytes
    value: bytes
    county: str
    source: str
    type: str
    kind: str  # of the fact
    left_out: int  # unknown fields
    time: datetime
    aliases: tuple[Alias, ...] = ()  # of its persons, while there is more than one key
    revision: int = 1


def validate(value: bytes | None, headers: Headers, stream: Stream, context: Context) -> Accepted | Rejected:
    """The verdict on a record of a raw topic, or on the same event out of a file or the gateway. Never raises.

    A rejection's `detail` begins with the field and a colon where there is one.
    """
    source = None
    try:
        opened = open_record(value, headers)
        envelope = read_envelope(opened.event)
        source = envelope.source
        return _judge(opened, envelope, stream, context)
    except Refusal as no:
        retry_at = parse_instant(no.too_soon) - TOLERANCE if no.too_soon else None
        known = None if source is None or holds_code(source) else source  # it is kept readable
        return Rejected(no.reason, no.detail, known, retry_at, context.version)


def _judge(opened: Opened, envelope: Envelope, stream: Stream, context: Context) -> Accepted:
    kind = _routed(envelope, stream, context)
    of_codes = pseudonyms_of_codes(envelope, kind, context.keyring, context.today)
    refuse_codes(opened, kind, len(of_codes))
    data, comment, left_out = fit(kind, opened, envelope, of_codes, context.keyring)
    if "unit" in data and data["unit"] not in context.units[envelope.county]:
        raise Refusal(Reason.UNKNOWN_UNIT, "data.unit: not in the unit register of its county")
    _refuse_future(kind, envelope.time, data, context)
    return _accepted(kind, envelope, data, comment, left_out, context)


def _routed(envelope: Envelope, stream: Stream, context: Context) -> EventType:
    if envelope.county not in context.units:
        raise Refusal(Reason.UNKNOWN_SOURCE, "source: its county is not in units.csv")
    if context.sources is not None and stream not in context.sources.get(envelope.source, ()):
        raise Refusal(Reason.UNKNOWN_SOURCE, "source: sources.csv does not let it use this stream")
    kind = EVENT_TYPES.get(envelope.type)
    if kind is None:
        raise Refusal(Reason.UNKNOWN_TYPE, "type: not one of the contract")
    if kind.stream != stream:
        raise Refusal(Reason.WRONG_TOPIC, f"type: belongs to the stream {kind.stream}")
    return kind


def _refuse_future(kind: EventType, time: str, data: dict[str, Any], context: Context) -> None:
    limit = context.limit  # canonical texts order as times do
    ahead = [name for name in kind.past if name in data and data[name] > limit]
    if not ahead and time <= limit and "counted_on" not in data:
        return
    times = {f"data.{name}": data[name] for name in ahead} | ({"time": time} if time > limit else {})
    if "counted_on" in data and (midnight := _local_midnight(data["counted_on"])) > limit:
        times["data.counted_on"] = midnight
    if times:
        detail = f"{', '.join(times)}: more than an hour ahead"
        raise Refusal(Reason.FUTURE_TIME, detail, too_soon=max(times.values()))


@lru_cache(1024)
def _local_midnight(day: str) -> str:
    """Canonical text of the instant at which a local date begins."""
    midnight = datetime.combine(parse_date(day), clock(), LOCAL)
    try:
        return format_instant(midnight.astimezone(UTC))
    except OverflowError:  # the first day there is begins before the first instant in UTC
        return ""


def _accepted(
    kind: EventType,
    envelope: Envelope,
    data: dict[str, Any],
    comment: str | None,
    left_out: int,
    context: Context,
) -> Accepted:
    persons = {name: data.pop(name) for name in kind.clients if name in data}
    of_data = digest(data)
    data.update(persons)
    if comment:
        _use_comment(kind, data, comment, context.themes)
    if "themes" in data:
        data["themes"] = list(dict.fromkeys(data["themes"]))
    fact, business_id = _identity(kind, data)
    id, source, county, _, type_, time, _, _ = envelope
    key = persons.get("client") or business_id
    if fact in PERSON_KINDS:
        key = f"{county}:{fact}:{business_id}"
    return Accepted(
        kind.topics[fact],
        key.encode("utf-8"),
        encode_parts(county, source, id, type_, time, of_data, data),
        county,
        source,
        type_,
        fact,
        left_out,
        datetime.fromisoformat(time),
        _aliases(persons, envelope, context.keyring) if len(context.keyring.keys) > 1 else (),
        data["revision"],
    )


def _aliases(persons: dict[str, str], envelope: Envelope, keyring: Keyring) -> tuple[Alias, ...]:
    return tuple(
        Alias(envelope.county, other, pseudonym)
        for name, pseudonym in persons.items()
        for other in other_pseudonyms(envelope.data[name], envelope, keyring)
    )


def _identity(kind: EventType, data: dict[str, Any]) -> tuple[str, str]:
    """Kind and business id of the fact. The model has seen to it that exactly one id is there."""
    for name, fact in kind.ids.items():
        if name in data:
            return fact, data[name]
    raise AssertionError("a model without its id")


def _use_comment(kind: EventType, data: dict[str, Any], comment: str, themes: Themes) -> None:
    """What the comment tells, after the digest, which knows neither the comment nor what follows from it."""
    if "has_comment" in data:
        data["has_comment"] = data["has_comment"] or says_something(comment)
    if "themes" in kind.fields and (found := themes.found(comment)):
        data["themes"] = [*data.get("themes", ()), *found]
