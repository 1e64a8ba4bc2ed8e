"""Lines that must be rejected, with their reasons, and similar lines that must be accepted (None)."""

import json
from datetime import timedelta

from tests.oracle import material
from tests.oracle.bases import SOMEONE, Bases, dump
from tests.oracle.hostile_data import broken_data, other_fields
from tests.oracle.hostile_hetus import misplaced_hetus
from tests.oracle.registers import local_date

MIB = 1024 * 1024
FUTURE = "2099-01-01T12:00:00+02:00"
CALLBACK_TIMES = ("callback_requested_at", "callback_first_attempt_at", "callback_reached_at")
UNKNOWN_TYPES = ["fi.hva.contact.recorded", "FI.HVA.CONTACT.RECORDED.V1", "fi.hva.feedback.answered.v2", "x"]


def hostile_lines(stream, count, now=None):
    """`count` lines; every kind appears before any repeats. Lines that are too large appear once."""
    large, others = [], []
    for reason, line in hostile(stream, now):
        (large if len(line) >= MIB else others).append((reason, line))
    stream.r.shuffle(others)
    chosen = (large if count > 100 else []) + others
    while len(chosen) < count:
        again = [item for item in hostile(stream, now) if len(item[1]) < MIB]
        stream.r.shuffle(again)
        chosen += again
    return [line for _, line in chosen[:count]]


def hostile(stream, now=None):
    """Every kind once, as (reason or None for accepted, line)."""
    bases = Bases(stream)
    found = [*broken_bytes(bases), *broken_envelopes(bases), *misplaced_hetus(bases), *broken_data(bases)]
    found += [*other_fields(bases), *unknown_units_and_future_times(bases), *precedence(bases), *edges(bases)]
    return found + (list(clock_edges(bases, now)) if now else [])


def files(stream):
    """Whole files, each with the reasons of its lines in order (None for accepted); blank lines have no entry."""
    bases, mark = Bases(stream), b"\xef\xbb\xbf"
    one, two = dump(bases.given()), dump(bases.answered())
    yield mark + one + b"\n" + two, [None, None]
    yield mark + b"\r\n" + one + b"\r\n\r\n" + two + b"\r\n", [None, None]
    yield mark, []
    yield mark + mark + one + b"\n" + two, ["undecodable", None]
    yield one + b"\n" + mark + two + b"\n" + mark + b"\n", [None, "undecodable", "undecodable"]
    yield b"\n" + mark + one, ["undecodable"]


def nested(depth):
    """A list of `depth` levels."""
    return json.loads("[" * depth + "]" * depth)


def broken_bytes(bases):
    for line in (dump(bases.answered(extra)) for extra in ({"x": 1}, {"x": "y"})):
        yield None, line
        yield "too_large", line[:-1] + b" " * (MIB + 1 - len(line)) + b"}"
        yield None, line[:-1] + b" " * (MIB - len(line)) + b"}"
    right = dump(bases.given({"x": "y"}))
    replaced = [
        (b'"y"', b"NaN"),
        (b'"y"', b"-Infinity"),
        (b'"y"', b'"\\ud800"'),
        (b'"y"', b'{"\\udc00\\ud800": 1}'),
    ]
    replaced += [
        (b'"y"', b"01"),
        (b'"y"', b"'y'"),
        (b'"y"', b'"\x01"'),
        (b'"y"', b'"\xff"'),
        (b'"y"', b'"\xed\xa0\x80"'),
    ]
    replaced += [
        (b'"y"', b'"\\x41"'),
        (b'"y"', b"1."),
        (b'"y"', b'"y",'),
        (b'"x"', b'"kind"'),
        (b'"x"', b'"k\\u0069nd"'),
    ]
    replaced += [
        (b'"y"', b'{"a": 1, "a": 1}'),
        (b'"y"', b"[" * 30000 + b"]" * 30000),
        (b'{"specv', b'{{"specv'),
    ]
    for old, new in replaced:
        yield "undecodable", right.replace(old, new, 1)
    garbage = bytes(bases.stream.r.randrange(256) for _ in range(60)).replace(b"\n", b"") + b"\xff\x00"
    for line in (right[:-1], right + right, right[:40], b"\x00\x01\x02", b"ei ole JSONia", b"{", garbage):
        yield "undecodable", line
    yield "undecodable", right.decode().encode("utf-16")
    yield None, dump(bases.given({"x": nested(62)}))
    yield "undecodable", dump(bases.given({"x": nested(63)}))
    yield None, dump(bases.contact(**{"x": nested(63)}))
    yield "undecodable", dump(bases.contact(**{"x": nested(64)}))


def broken_envelopes(bases):
    for name in ("specversion", "id", "source", "type", "time", "data"):
        for value in ("left out", None, 7, []):
            yield "envelope", dump(bases.answered(**{name: value}))
    for name, value in (
        ("specversion", "0.3"),
        ("id", "i" * 201),
        ("id", "a\0b"),
        ("source", "urn:hva:acd"),
        ("source", f"urn:hva:{bases.stream.counties[0]}:Acd"),
        ("source", f"urn:hva:{bases.stream.counties[0]}:acd:x"),
        ("source", f"urn:hva:{bases.stream.counties[0]}:acd\n"),
        ("source", f"URN:hva:{bases.stream.counties[0]}:acd"),
        ("time", "2026-03-01T12:00:00"),
        ("time", "2026-02-30T12:00:00Z"),
        ("time", "2026-03-01"),
        ("time", "2026-03-01T12:00:60Z"),
        ("data", "x"),
    ):
        yield "envelope", dump(bases.given(**{name: value}))
    yield None, dump(bases.given(id="\U0001f600" * 200))
    yield "unknown_source", dump(bases.given(source="urn:hva:muu-alue:acd"))
    for type_ in UNKNOWN_TYPES:
        yield "unknown_type", dump(bases.contact(type=type_))


def unknown_units_and_future_times(bases):
    known = {unit for _, unit in bases.stream.units}
    own = {unit for county, unit in bases.stream.units if county == bases.stream.counties[0]}
    foreign = sorted(known - own)[:1]
    for unit in ["ei-ole", " ", *foreign]:
        source = f"urn:hva:{bases.stream.counties[0]}:acd"
        yield "unknown_unit", dump(bases.given({"unit": unit}, source=source))
    for name in ("answered_at", "served_at"):
        yield "future_time", dump(bases.answered({name: FUTURE}))
    for name in ("given_at", "replied_at"):
        yield "future_time", dump(bases.given({name: FUTURE}))
    for name in ("started_at", "answered_at", "ended_at", *CALLBACK_TIMES):
        yield "future_time", dump(bases.contact({name: FUTURE}))
    yield None, dump(bases.contact({"promised_by": FUTURE}))
    yield "future_time", dump(bases.invited({"invited_at": FUTURE}))
    yield "future_time", dump(bases.invited(time=FUTURE))
    yield "future_time", dump(bases.hyte({"counted_on": "2099-01-01"}))
    yield (
        "future_time",
        dump(bases.event("fi.hva.feedback.retracted.v1", {"response_id": "sama1"}, time=FUTURE)),
    )


def precedence(bases):
    """Lines with two faults: the reason that is earlier in the list of docs/events.md applies."""
    bad, late = {"unit": "ei-ole"}, {"answered_at": FUTURE}
    yield "envelope", dump(bases.answered(bad | {"x": SOMEONE}, source="urn:hva:muu-alue:acd", time="eilen"))
    yield (
        "unknown_source",
        dump(bases.answered(bad | {"x": SOMEONE}, source="urn:hva:muu-alue:acd", type="x")),
    )
    yield "unknown_type", dump(bases.answered(bad | {"x": SOMEONE}, type="x"))
    yield "personal_id", dump(bases.answered(bad | late | {"x": SOMEONE, "channel": "fax"}))
    yield "personal_id", dump(bases.answered({"client": {"hetu": "123"}, "channel": "fax"}))
    yield "schema", dump(bases.answered(bad | late | {"channel": "fax"}))
    yield "unknown_unit", dump(bases.answered(bad | late))


def edges(bases):
    """Accepted lines at the limits."""
    for data in (
        {"response_id": "x" * 200},
        {"response_id": "\U0001f600" * 200},
        {"answers": []},
        {"comment": "x" * 3000, "age_group": None, "served_at": None, "invitation_id": None},
        {"client": {"local_id": "all", "system": None, "hetu": None}},
        {"answers": [{"question": "-all-", "value": 5.0, "lisa": None}], "tuntematon": {"a\0": "b\0"}},
        {"answered_at": "2025-10-26t03:30:00.9999999z", "served_at": "2025-10-26T03:30:00+14:00"},
    ):
        yield None, dump(bases.answered(data))


def clock_edges(bases, now):
    hour = timedelta(hours=1)
    for shift, reason in ((-material.TICK, None), (material.TICK * 0, None), (material.TICK, "future_time")):
        instant = material.spell_time(bases.stream.r, now + hour + shift)
        yield reason, dump(bases.answered({"answered_at": instant}))
        yield reason, dump(bases.given(time=instant))
        yield reason, dump(bases.contact({"ended_at": instant}))
    last = local_date(now + hour)
    yield None, dump(bases.hyte({"counted_on": last.isoformat()}))
    yield "future_time", dump(bases.hyte({"counted_on": (last + timedelta(days=1)).isoformat()}))
