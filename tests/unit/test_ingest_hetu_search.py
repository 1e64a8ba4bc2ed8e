"""Search for personal identity codes in an event: every spelling is found, and nothing else is."""

import json

import pytest

from services.ingest.validate import validate
from shared.contracts.catalogue import Stream
from shared.contracts.strict_json import classed
from shared.hetu import UNCOUNTED, birth_date, holds_code, shapes
from tests.unit.ingest_cases import (
    ANSWERED,
    CONTACT,
    GIVEN,
    HETU,
    HYTE,
    MERGED,
    OTHER_HETU,
    context,
    event,
    judge,
    make_hetu,
    reason,
)

FULL_WIDTH = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
NEAR_MISSES = [
    "123456-1234",
    "990594Y903L",
    "010594Y9033",
    "010594Y90321",
    f"x{HETU}",
    f"{HETU}x",
    f"1{HETU}",
    f"ä{HETU}",
    f"{HETU}ä",
    f"\u0430{HETU}",
    f"{HETU}\u0661",
    f"𝔞{HETU}",
    f"ª{HETU}",
    f"{HETU}ʰ",
    make_hetu("000194"),
    make_hetu("320194"),
    make_hetu("010094"),
    make_hetu("011394"),
    HETU.replace("Y", "G"),
    HETU.replace("Y", "Z"),
    HETU.replace("Y", "\u2016"),
    f"²{HETU}",  # a digit after NFKC, like the next one
    f"{HETU}①",
    f"Ⅷ{HETU}",
    f"a\u0308{HETU}",
    "020594X903P\u0301",  # the last two compose to one letter
    make_hetu("010594").replace("-", "\u2013") + "\uff11",
    HETU.replace("Y", ""),
    HETU.replace("9", "\u0669"),
    f"{HETU[:6]} {HETU[6:]}",
    f"{HETU[:5]}\n{HETU[5:]}",
]
HITS = [
    HETU,
    HETU.lower(),
    OTHER_HETU,
    f"asiakas {HETU} soitti",
    f"_{HETU}_",
    f"123456-1234 ja _{HETU}_",
    f"\n{HETU}\n",
    f"\\{HETU}",
    f"\0{HETU}\0",
    f"010101+{OTHER_HETU}",
    f"{HETU}-{HETU}",
    f"ä{HETU}-{OTHER_HETU}",
    f"{HETU}\u0301",
    f"❶{HETU}❷",
    *(make_hetu("010594").replace("-", dash) for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"),
    f"ä {make_hetu('010594', '+').replace('+', chr(0xFF0B))}",
    HETU.translate(FULL_WIDTH),
    HETU.lower().translate(FULL_WIDTH),
    f"hyvä {HETU[:6].translate(FULL_WIDTH)}{HETU[6:]}",
    "⁰¹⁰⁵⁹⁴Y₉₀₃₂",
    "𝟎𝟏𝟎𝟓𝟗𝟒𝐘𝟗𝟎𝟑𝟐",
    "\u0301\u0316" * 60 + " " + make_hetu("010594").replace("-", "\u2011"),
    f"😀{HETU}😀",
    make_hetu("310294"),  # not a real date, but the search checks only the ranges of day and month
    make_hetu("010194", "-", "000"),
    make_hetu("010199", "F", "999"),
]


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_miss_is_not_a_code(text):
    assert not holds_code(text)
    assert reason(event(muistio=text)) is None
    assert reason(event(muistio=[{text: None}])) is None


@pytest.mark.parametrize("text", HITS)
def test_code_is_found_everywhere_in_an_event(text):
    assert holds_code(text)
    for sent in (
        event(muistio=text),
        event(muistio={"a": [1, {"x": text}]}),
        event(**{text: 1}),
        event(muistio={"a": [{text: None}]}),
        event(reason=text),
        event(client={"hetu": HETU, "x": text}),
        event(client={"hetu": HETU, text: 1}),
        event(client={"local_id": text}),
        event(client={"local_id": "A1", "system": text}),
        event(HYTE, client={"hetu": text}),  # this type has no client
        event(ANSWERED, answers=[{"question": "oma", "value": 1, "comment": text}]),
        event(CONTACT, comment=text),  # this type has no comment
        event() | {"subject": text},
        event() | {"id": text},
        event() | {text: {}},
        event() | {"ext": {"a": [text]}},
    ):
        verdict = judge(sent)
        assert verdict.reason == ("envelope" if "\0" in sent["id"] else "personal_id")
        assert text.strip() not in verdict.detail


@pytest.mark.parametrize("text", HITS)
@pytest.mark.parametrize("name", [ANSWERED, GIVEN])
def test_comment_may_contain_a_code(name, text):
    sent = event(name, comment=text, client={"hetu": HETU})
    assert reason(sent) is None
    assert HETU[:6] not in judge(sent).value.decode()


def test_code_with_a_unicode_dash_in_a_header_is_found():
    sent = event(client={"hetu": HETU})
    data = json.dumps(sent.pop("data")).encode()
    for text, found in ((make_hetu("010594").replace("-", "\u2011"), True), ("\u2011", False)):
        headers = [(f"ce_{name}", value.encode()) for name, value in sent.items()]
        headers.append(("ce_subject", text.encode()))
        verdict = validate(data, tuple(headers), Stream.CONTACT, context())
        assert (getattr(verdict, "reason", None) == "personal_id") == found


def test_numbers_are_not_searched_for_codes():
    assert reason(event(a=10594, b=-9032)) is None
    assert reason(b'{"a":010594-9032}') == "undecodable"


@pytest.mark.parametrize("escaped", ["\\u003010594Y9032", "010594\\u00599032", "\\u0030\\u0031059\\u0034Y903\\u0032"])
def test_json_escapes_do_not_hide_a_code(escaped):
    unescaped = json.loads(f'"{escaped}"')
    raw = json.dumps(event(muistio="HERE", client={"hetu": HETU})).replace("HERE", escaped).encode()
    assert reason(raw) == ("personal_id" if holds_code(unescaped) else None)
    raw = json.dumps(event(client={"hetu": "HERE"})).replace("HERE", escaped).encode()
    assert reason(raw) == (None if birth_date(unescaped) else "personal_id")


def test_escaped_code_is_found_when_the_exact_parser_is_needed():
    raw = b'{"n":1e999,"x":"010594\\u00599032"}'
    sent = json.dumps(event(x=7)).encode().replace(b'"x": 7', b'"x": ' + raw)
    assert reason(sent) == "personal_id"


def test_codes_of_both_clients_of_a_merge_are_allowed():
    assert reason(event(MERGED, **{"from": {"hetu": HETU}, "into": {"hetu": OTHER_HETU}})) is None
    assert (
        reason(event(MERGED, **{"from": {"hetu": HETU}, "into": {"pid": "k." + "A" * 22}, "x": HETU})) == "personal_id"
    )


def test_prefilter_counts_candidate_codes():
    assert shapes(classed(b"x")) == 0
    assert shapes(classed(HETU.encode())) == 1
    assert shapes(classed(f"{HETU} {HETU}".encode())) == 2
    assert shapes(classed(b"010594-010594-010")) == UNCOUNTED
    assert shapes(classed("ä 010594–9032".encode())) == 1
    assert shapes(classed("ä – ö".encode())) == 0
    assert shapes(classed(HETU.translate(FULL_WIDTH).encode())) == 1
