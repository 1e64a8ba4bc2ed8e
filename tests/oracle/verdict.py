"""Validates one line by the rules of docs/events.md: accepted, or rejected with a reason."""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tests.oracle.fields import (
    ABSENT,
    ENTITIES,
    KIND_OF_ID,
    PERSONS,
    PROMISES,
    REQUIRED,
    RETRACTIONS,
    REVISION,
    InvalidValue,
    free,
    instant,
)
from tests.oracle.json_text import parse
from tests.oracle.personal import personal_ids_hold
from tests.oracle.registers import midnight

HOUR = timedelta(hours=1)
MAX_BYTES = 1024 * 1024
# The Unicode property White_Space. str.isspace() also has U+001C-U+001F.
WHITE_SPACE = set("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}


@dataclass(frozen=True)
class Rejected:
    reason: str


@dataclass(frozen=True)
class Accepted:
    type: str
    stream: str
    kind: str
    id: str
    county: str
    revision: int
    order: tuple  # (revision, time, source, id of the event, digest): the greatest wins
    retracted: bool
    data: dict  # known fields, defaults filled in, absent ones left out; clients as tuples, times as UTC

    @property
    def key(self):
        return (self.county, self.kind, self.id)

    @property
    def client(self):
        return self.data.get("client")


def judge(line, registers, now):
    """Judge one line of JSON Lines, as if on the raw topic of its type (an unknown type on care)."""
    if len(line) > MAX_BYTES:
        return Rejected("too_large")
    try:
        event = parse(line)
    except (ValueError, RecursionError):
        return Rejected("undecodable")
    if not envelope_holds(event):
        return Rejected("envelope")
    county = event["source"].split(":")[2]
    if county not in registers.counties() or not source_allowed(event, registers):
        return Rejected("unknown_source")
    if event["type"] not in ENTITIES and event["type"] not in RETRACTIONS:
        return Rejected("unknown_type")
    if not personal_ids_hold(event, now):
        return Rejected("personal_id")
    try:
        kind, fields = known_fields(event)
    except InvalidValue:
        return Rejected("schema")
    if "unit" in fields and not registers.knows_unit(county, fields["unit"]):
        return Rejected("unknown_unit")
    if any(when > now + HOUR for when in [instant(event["time"]), *times_of(fields)]):
        return Rejected("future_time")
    return accepted(event, county, kind, fields, registers)


def judge_file(content, registers, now):
    """`judge_all` of the lines of a file, which may start with one byte order mark."""
    return judge_all(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), registers, now)


def judge_all(lines, registers, now):
    """The verdict of every line that is not blank, as (line number from 1, verdict)."""
    return [(n, judge(line, registers, now)) for n, line in enumerate(lines, 1) if line.strip(b" \t\r\n")]


def envelope_holds(event):
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        return False
    try:
        free(event.get("id"))
        instant(event.get("time"))
    except InvalidValue:
        return False
    source, type_, data = event.get("source"), event.get("type"), event.get("data")
    if not isinstance(source, str) or not re.fullmatch(r"urn:hva:[a-z0-9-]+:[a-z0-9-]+", source):
        return False
    return isinstance(type_, str) and type_ != "" and isinstance(data, dict)


def source_allowed(event, registers):
    if registers.sources is None:
        return True
    stream = (ENTITIES.get(event["type"]) or RETRACTIONS.get(event["type"]) or ("care",))[0]
    return stream in registers.sources.get(event["source"], [])


def known_fields(event):
    data = {name: value for name, value in event["data"].items() if value is not None}
    county, system = event["source"].split(":")[2:]
    if event["type"] in RETRACTIONS:
        ids = [name for name in RETRACTIONS[event["type"]][1] if name in data]
        if len(ids) != 1:
            raise InvalidValue("exactly one id")
        return KIND_OF_ID[ids[0]], read(data, {ids[0]: (free, REQUIRED)} | REVISION, county, system)
    _, kind, id_field, others = ENTITIES[event["type"]]
    fields = read(data, {id_field: (free, REQUIRED)} | REVISION | others, county, system)
    if "valid_to" in fields and fields["valid_to"] <= fields["valid_from"]:
        raise InvalidValue("validity")
    return kind, fields


def read(data, spec, county, system):
    found = {}
    for name, (check, default) in spec.items():
        if name in data:
            found[name] = check(data[name], county, system) if name in PERSONS else check(data[name])
        elif default == REQUIRED:
            raise InvalidValue(name)
        elif default != ABSENT:
            found[name] = default
    return found


def times_of(fields):
    for name, value in fields.items():
        if name == "counted_on":
            yield midnight(value)
        elif isinstance(value, datetime) and name not in PROMISES:
            yield value


def accepted(event, county, kind, fields, registers):
    time = instant(event["time"])
    order = (fields["revision"], time, event["source"], event["id"], digest(fields))
    retracted = event["type"] in RETRACTIONS
    stream = (RETRACTIONS if retracted else ENTITIES)[event["type"]][0]
    id_field = next(name for name in KIND_OF_ID if KIND_OF_ID[name] == kind)
    comment = fields.pop("comment", "")
    if kind == "response" and not retracted:
        fields["has_comment"] = fields["has_comment"] or any(c not in WHITE_SPACE for c in comment)
    if kind == "feedback" and not retracted:
        fields["themes"] = list(dict.fromkeys(fields.get("themes", []) + themes(comment, registers)))
    identity = fields[id_field]
    return Accepted(event["type"], stream, kind, identity, county, fields["revision"], order, retracted, fields)


def digest(fields):
    """SHA-256 of the data as RFC 8785 JSON (all numbers are whole and all names ASCII here)."""

    def plain(value):
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").zfill(26) + "Z"
        return value.isoformat() if isinstance(value, date) else value

    kept = {n: plain(v) for n, v in fields.items() if n not in (*PERSONS, "comment")}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def themes(comment, registers):
    """The themes with a stem that begins a word of the comment, in the register's order."""
    words = [""]
    for character in unicodedata.normalize("NFC", comment):
        if character.isalpha():
            words[-1] += character
        else:
            words.append("")
    words = [fold(word) for word in words]
    return [theme for theme, stem in registers.themes if any(word.startswith(fold(stem)) for word in words)]


def fold(value):
    return unicodedata.normalize("NFC", value).casefold()
