"""Properties of validation: it never raises, and the verdict does not depend on how an event is written."""

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.validate import Accepted, Rejected, validate
from shared.contracts.catalogue import Stream
from shared.contracts.event import decode_event, encode_event
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.reasons import Reason
from shared.contracts.strict_json import Undecodable, parse
from tests.unit.ingest_cases import ANSWERED, DATA, GIVEN, HETU, OTHER_HETU, PID, context, event

CONTEXT = context()
NAMES = st.sampled_from(sorted(DATA))
STREAMS = st.sampled_from(list(Stream))
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time", "x"])
        | st.text(),
        st.none()
        | st.binary()
        | st.sampled_from(
            [b"application/cloudevents+json", b"application/json", b"1.0", b"urn:hva:oma-hame:acd", b"text/plain"]
        ),
    ),
    max_size=8,
)
ODD = st.sampled_from(
    [HETU, OTHER_HETU, PID, "all", "-", "", "\0", "\x1f", "x" * 201, "2099-01-01T00:00:00Z", "2026-02-30", "1e999"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | ODD
)
FIELDS = st.sampled_from(
    sorted({name for kind in EVENT_TYPES.values() for name in kind.fields} | {"hetu", "local_id", "pid"})
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary() | st.none(), HEADERS, STREAMS)
@settings(max_examples=150)
def test_random_bytes_do_not_raise(value, headers, stream):
    assert isinstance(validate(value, headers, stream, CONTEXT), Accepted | Rejected)


@given(
    NAMES, st.dictionaries(FIELDS, TREES, max_size=4), st.dictionaries(st.text(max_size=8), TREES, max_size=2), HEADERS
)
@settings(max_examples=250)
def test_random_changes_of_an_event_do_not_raise(name, data, attributes, headers):
    sent = event(name, **data) | attributes
    raw = json.dumps(sent).encode()
    verdict = validate(raw, headers if len(headers) % 2 else (), EVENT_TYPES[name].stream, CONTEXT)
    if isinstance(verdict, Accepted):
        assert decode_event(verdict.value).type == sent["type"]
        assert HETU.encode() not in verdict.value
        assert b"\\u0000" not in verdict.value
    else:
        assert verdict.reason in set(Reason) - {Reason.HANDLER_BUG}
        assert HETU not in verdict.detail


@given(NAMES, st.data())
@settings(max_examples=200)
def test_damaged_bytes_do_not_raise(name, data):
    raw = bytearray(json.dumps(event(name, client={"hetu": HETU}, comment="jono")).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(raw) - 1))
        raw[position : position + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"\\u0000", b'"', b"{", b"\\"])
        )
        if not raw:
            break
    verdict = validate(bytes(raw), (), EVENT_TYPES[name].stream, CONTEXT)
    assert isinstance(verdict, Accepted | Rejected)


def rewritten(tree: Any, r: random.Random) -> str:
    """Return the same JSON written differently: order of names, white space, escapes, and 9.0 for 9."""

    def gap() -> str:
        return r.choice(["", " ", "\n\t", "\r "])

    def text(value: str) -> str:
        if r.random() < 0.3:
            escaped = "".join(
                f"\\u{ord(c):04X}" if ord(c) < 0x10000 and r.random() < 0.5 else json.dumps(c)[1:-1] for c in value
            )
            return f'"{escaped}"'
        return json.dumps(value, ensure_ascii=r.random() < 0.5)

    match tree:
        case dict():
            items = list(tree.items())
            r.shuffle(items)
            inner = f"{gap()},{gap()}".join(f"{text(k)}{gap()}:{gap()}{rewritten(v, r)}" for k, v in items)
            return f"{{{gap()}{inner}{gap()}}}"
        case list():
            return f"[{gap()}{','.join(gap() + rewritten(v, r) for v in tree)}{gap()}]"
        case str():
            return text(tree)
        case int() if not isinstance(tree, bool) and abs(tree) < 10**15:
            return r.choice([str(tree), f"{tree}.0", f"{tree}.00", f"{tree * 10}e-1"])
        case _:
            return json.dumps(tree)


@given(
    NAMES,
    st.integers(1, 10**30),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=10),
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), TREES, max_size=3),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150)
def test_verdict_does_not_depend_on_how_json_is_written(name, revision, business_id, extra, r):
    kind = EVENT_TYPES[name]
    field = next(f for f in kind.ids if f in DATA[name])
    more = {"answers": [{"question": q, "value": 5} for q in ("recommend", "oma")]} if name == ANSWERED else {}
    sent = event(
        name,
        **(
            {k: v for k, v in extra.items() if k not in kind.fields} | {field: business_id, "revision": revision} | more
        ),
    )
    plain = validate(json.dumps(sent).encode(), (), kind.stream, CONTEXT)
    other = validate(rewritten(sent, r).encode(), (), kind.stream, CONTEXT)
    assert plain == other


@given(NAMES)
def test_canonical_data_sent_again_is_unchanged(name):
    kind = EVENT_TYPES[name]
    first = validate(json.dumps(event(name, comment="jono")).encode(), (), kind.stream, CONTEXT)
    assert isinstance(first, Accepted)
    again = json.loads(first.value)
    for field in kind.clients:
        if field in again["data"]:
            again["data"][field] = {"pid": again["data"][field]}
    second = validate(json.dumps(again).encode(), (), kind.stream, CONTEXT)
    assert isinstance(second, Accepted)
    assert json.loads(second.value)["data"] == json.loads(first.value)["data"]
    assert decode_event(encode_event(decode_event(first.value))) == decode_event(first.value)
    if name not in (ANSWERED, GIVEN):
        assert second.value == first.value


@given(TREES | st.text(), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_strict_json_agrees_with_the_standard_library(tree, r):
    written = rewritten(tree, r).encode("utf-8", "surrogatepass")
    try:
        found = parse(written).tree
    except Undecodable:
        assert any("\ud800" <= c <= "\udfff" for c in json.dumps(tree, ensure_ascii=False))
    else:
        assert json.loads(json.dumps(found, default=float)) == json.loads(json.dumps(tree))


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "\\u0061", "\\u0022:", '\\":', "c"]), st.integers(0, 3)), max_size=5),
    st.booleans(),
)
def test_duplicate_name_is_always_detected(pairs, inside):
    inner = ",".join(f'"{name}" :{number}' if number else f'"{name}":"\\":\\u0022:"' for name, number in pairs)
    value = f'{{"x":[{{{inner}}}]}}' if inside else f"{{{inner}}}"
    names = [json.loads(f'"{name}"') for name, _ in pairs]
    try:
        parse(value.encode())
    except Undecodable:
        assert len(set(names)) < len(names)
    else:
        assert len(set(names)) == len(names)
