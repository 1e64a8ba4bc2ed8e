"""Strict JSON: which texts are decodable and which are not, and exact numbers."""

import contextlib
import json
import time
from decimal import Decimal

import pytest

from shared.contracts.strict_json import Undecodable, parse, to_integer


def nested(depth: int, inner: str = "1") -> bytes:
    return ('{"a":' * depth + inner + "}" * depth).encode()


WELL_FORMED = [
    b"{}",
    b' \t\r\n{"a" : 1}\n',
    b'{"a":1e400}',
    b'{"a":-1e400,"b":1E+5}',
    b'{"a":' + b"9" * 100_000 + b"}",
    b'{"a":0.' + b"1" * 100_000 + b"}",
    b'{"a":1e-400, "b":1e99999999999999999999}',
    b'{"a":18446744073709551616}',
    b'{"a":"\\ud83d\\ude00"}',
    b'{"a":"\\u0000", "\\u0000":1}',
    b'{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    rb'{"a":"\":","b":"\" :","c":"x\":\":"}',
    rb'{"a":"\u0022:","b":"\u003a"}',
    b'{"a":"{[{[","b":"]]"}',
    b'{"":1," ":2,"  ":3}',
    b'{"a":1,"A":2,"\xc3\xa4":3,"a\xcc\x88":4}',
    nested(64),
    b"[" * 64 + b"]" * 64,
    b"[" + b"[]," * 10_000 + b"[]]",
    b'{"a":"' + b"[" * 5000 + b'"}',
    b'"text"',
    b"null",
    b"1",
    b'"\x7f"',
]


@pytest.mark.parametrize("value", WELL_FORMED, ids=range(len(WELL_FORMED)))
def test_well_formed_json_is_parsed(value):
    parse(value)


MALFORMED = [
    b"",
    b" ",
    b"ei ole JSONia",
    b"{'a':1}",
    b'{"a":1,}',
    b"[1,]",
    b'{"a":1',
    b'{"a":1}}',
    b'{"a":1}{"b":1}',
    b'{"a":01}',
    b'{"a":+1}',
    b'{"a":.5}',
    b'{"a":1.}',
    b'{"a":-}',
    b'{"a":0x1}',
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":-Infinity}',
    b'{"a":[NaN, 1e400]}',
    b'{"a":1,"a":1}',
    b'{"a":1,"\\u0061":1}',
    b'{"a" :1,"a"\t:1}',
    b'{"x":{"a":1,"b":[{"c":1,"c":1}]}}',
    rb'{"a":1,"a":2,"x":"\u0022:"}',
    rb'{"a":1,"a":2,"x":"\":"}',
    rb'{"a":1,"a":2,"x":"\" :"}',
    b'{"a":1e400,"a":1}',
    b'{"":1,"":2}',
    b'{"a":"\\ud800"}',
    b'{"a":"\\udc00\\ud800"}',
    b'{"\\ud800":1}',
    b'{"a":"\\ud800","b":"\\udc00"}',
    b'{"a":["\\udfff"],"n":1e400}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\xff\xfe"}',
    b'{"a":"\xc0\x80"}',
    b'\xef\xbb\xbf{"a":1}',
    '{"a":1}'.encode("utf-16"),
    b'{"a":"\n"}',
    b'{"a":"\x00"}',
    b'{"a":"\\x41"}',
    b'{"a":"\\u00g0"}',
    b'{"a":1}\x00',
    b'\x0c{"a":1}',
    b'{"a":1}\xc2\xa0',
    b"\x00\x01\x02\x03",
    nested(65),
    b"[" * 65 + b"]" * 65,
    b'{"a":1e400,"d":' + b"[" * 64 + b"]" * 64 + b"}",
    b"[" * 1_000_000,
    b"[" * 500_000 + b"]" * 500_000,
    b'{"a":' * 100_000,
]


@pytest.mark.parametrize("value", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_json_is_undecodable(value):
    with pytest.raises(Undecodable):
        parse(value)


def test_caller_sets_the_depth_limit():
    parse(nested(63), max_depth=63)
    with pytest.raises(Undecodable):
        parse(nested(64), max_depth=63)


@pytest.mark.parametrize("inner", ['"' + "{[" * 300 + '"', "[]", '{"b":[]}', "[1,[2],3]"])
def test_depth_counts_only_nested_brackets(inner):
    own_depth = {'"': 0, "[]": 1, "{": 2, "[1": 2}[next(s for s in ('"', "[]", "{", "[1") if inner.startswith(s))]
    parse(nested(64 - own_depth, inner))
    if own_depth:
        with pytest.raises(Undecodable):
            parse(nested(65 - own_depth, inner))


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 1_048_576,
        b'{"a":"' + b"\\u0022:" * 149_000 + b'"}',
        b'{"a":"' + b'\\":' * 349_000 + b'"}',
        ("{" + ",".join(f'"k{i}":{i}' for i in range(70_000)) + "}").encode(),
        ("{" + ",".join(f'"k{i}":{i}.0' for i in range(70_000)) + ',"k1":1}').encode(),
        b"[" + b"{}," * 340_000 + b"1]",
        b"[" + b"1e9," * 260_000 + b"1]",
        b'{"a":' + b"9" * 1_048_000 + b"}",
        b'{"a":1e' + b"9" * 1_048_000 + b"}",
        b'"' + b"\\ud83d\\ude00" * 87_000 + b'"',
    ],
    ids=["brackets", "colons", "quotes", "names", "duplicate", "objects", "floats", "digits", "exponent", "escapes"],
)
def test_malicious_mebibyte_is_parsed_quickly(value):
    start = time.process_time()
    with contextlib.suppress(Undecodable):
        parse(value).exact()
    assert time.process_time() - start < 2  # CPU seconds; typically 0.1


def test_numbers_are_exact_on_request():
    tree = parse(b'{"a":18446744073709551616,"b":9.0000000000000000001,"c":5.0,"d":1e2}').exact()
    assert tree == {"a": 2**64, "b": Decimal("9.0000000000000000001"), "c": 5, "d": 100}
    assert [to_integer(n) for n in tree.values()] == [2**64, Decimal("9.0000000000000000001"), 5, 100]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9.0", 9),
        ("-0.0", 0),
        ("1e2", 100),
        ("10e-1", 1),
        ("1e400", 10**400),
        ("0e99999", 0),
        ("1.5", None),
        ("1e-400", None),
        ("9.00000000000000000000001", None),
        ("1e4300", None),
        ("9" * 4300, int("9" * 4300)),
        ("9" * 4301, None),
        ("1e99999999999999999999", None),
        ('"9"', None),
        ("true", None),
    ],
)
def test_whole_returns_an_int_for_whole_numbers_only(text, expected):
    found = to_integer(parse(f"[{text}]".encode()).exact()[0])
    if expected is None:
        assert type(found) is not int
    else:
        assert found == expected
        assert type(found) is int


def test_parse_reads_what_the_standard_library_writes():
    value = {"a": [1, 2.5, None, True, "ä\n", {"b": {}}]}
    assert parse(json.dumps(value).encode()).tree == value
