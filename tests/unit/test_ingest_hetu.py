"""Personal identity codes: right ones in `client`, none anywhere else."""

import json
from datetime import UTC, date, datetime

import pytest

from services.ingest.hetu import CHECK, UNCOUNTED, birth_date, holds_code, normalised, shapes
from shared.contracts.strict_json import classed
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
    kept,
    reason,
)

TEST_PERSONS = [
    "010594Y9032",
    "010594Y9021",
    "020594X903P",
    "020594X902N",
    "030594W903B",
    "030694W9024",
    "040594V9030",
    "040594V902Y",
    "050594U903M",
    "050594U902L",
    "010516B903X",
    "010516B902W",
    "020516C903K",
    "020516C902J",
    "030516D9037",
    "030516D9026",
    "010501E9032",
    "020502E902X",
    "020503F9037",
    "020504A902E",
    "020504B904H",
    "010594-9032",
]


def code(day, separator="-", individual="900"):
    return f"{day}{separator}{individual}{CHECK[int(day + individual) % 31]}"


@pytest.mark.parametrize("hetu", TEST_PERSONS)
def test_known_persons(hetu):
    assert birth_date(hetu) is not None
    assert holds_code(hetu)
    assert holds_code(hetu.lower())
    assert reason(event(client={"hetu": hetu})) is None


@pytest.mark.parametrize(
    ("hetu", "born"),
    [
        (code("290204", "A"), date(2004, 2, 29)),
        (code("290296", "-"), date(1996, 2, 29)),
        (code("290200", "A"), date(2000, 2, 29)),
        (code("010100", "+"), date(1800, 1, 1)),
        (code("311299", "+", "002"), date(1899, 12, 31)),
        (code("311299", "U", "999"), date(1999, 12, 31)),
        (code("010199", "F"), date(2099, 1, 1)),
        (code("290200", "-"), None),  # 1900 was no leap year
        (code("290200", "+"), None),
        (code("310494", "-"), None),
        (code("320194", "-"), None),
        (code("011394", "-"), None),
        (code("000194", "-"), None),
        (code("010094", "-"), None),
        (code("010194", "-", "001"), None),
        (code("010194", "-", "000"), None),
        (code("010194", "G"), None),
        (code("010194", "Z"), None),
        (code("010194", "_"), None),
        ("010190-999K", None),
        ("010190-999G", None),
        ("0105949032", None),
        ("010594Y90321", None),
        ("", None),
    ],
)
def test_the_date_in_a_code(hetu, born):
    assert birth_date(hetu) == born


@pytest.mark.parametrize(
    "sent", [f" {HETU}", f"{HETU}\t\n", HETU.lower(), f"\u00a0{HETU}\u2003", f"\u3000{HETU.lower()}\x85"]
)
def test_a_code_is_trimmed_and_upper_cased(sent):
    assert normalised(sent) == HETU
    assert kept(event(client={"hetu": sent})) == kept(event(client={"hetu": HETU}))


@pytest.mark.parametrize(
    "sent",
    [
        "",
        " ",
        "x",
        HETU[:-1] + "3",
        HETU + "x",
        f"{HETU} {HETU}",
        f"\u200b{HETU}",
        f"\x1f{HETU}",  # not white space in Unicode
        HETU + "\0",
        "010594\u22129032",
        "010594\u20109032",
        "01059٤Y9032",
        "０10594Y9032",
        "010694-903ſ",  # upper-cases to an S in Unicode
        "x" * 100_000,
        " " * 100_000,
    ],
)
def test_an_invalid_code_of_a_client_is_personal_id(sent):
    assert reason(event(client={"hetu": sent})) == "personal_id"
    assert reason(event(MERGED, into={"hetu": sent})) == "personal_id"
    assert reason(event(client={"hetu": sent, "local_id": "A1"}, channel="fax")) == "personal_id"


@pytest.mark.parametrize("sent", [7, True, [], {}, ["x"], {"a": 1}, 1.5])
def test_a_code_that_is_no_text_is_schema(sent):
    assert reason(event(client={"hetu": sent})) == "schema"


def test_a_code_in_a_code_that_is_no_text_is_found():
    assert reason(event(client={"hetu": [HETU]})) == "personal_id"
    assert reason(event(client=HETU)) == "personal_id"
    assert reason(event(client=[HETU])) == "personal_id"


def test_a_person_is_not_born_before_the_local_date():
    born = code("010626", "A")  # 1 June 2026 begins at 21 UTC the day before
    for now, expected in [(datetime(2026, 5, 31, 20, 59, 59), "personal_id"), (datetime(2026, 5, 31, 21), None)]:
        assert reason(event(client={"hetu": born}), ctx=context(now.replace(tzinfo=UTC))) == expected


def test_a_cached_person_is_still_not_born_earlier():
    ctx = context()
    keyring = ctx.keyring
    assert keyring.of_hetu("oma-hame", code("010626", "A"), date(2026, 6, 1))
    assert keyring.of_hetu("oma-hame", code("010626", "A"), date(2026, 5, 31)) is None


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
    code("000194"),
    code("320194"),
    code("010094"),
    code("011394"),
    HETU.replace("Y", "G"),
    HETU.replace("Y", "Z"),
    HETU.replace("Y", "\u2010"),
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
    f"²{HETU}²",
    f"Ⅷ{HETU}",
    f"😀{HETU}😀",
    code("310294"),  # no such date, yet enough here
    code("010194", "-", "000"),
    code("010199", "F", "999"),
]


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_misses(text):
    assert not holds_code(text)
    assert reason(event(muistio=text)) is None
    assert reason(event(muistio=[{text: None}])) is None


@pytest.mark.parametrize("text", HITS)
def test_hits(text):
    assert holds_code(text)
    for what in (
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
        event(CONTACT, comment=text),  # nor this one a comment
        event() | {"subject": text},
        event() | {"id": text},
        event() | {text: {}},
        event() | {"ext": {"a": [text]}},
    ):
        found = judge(what)
        assert found.reason == ("envelope" if "\0" in what["id"] else "personal_id")
        assert text.strip() not in found.detail


@pytest.mark.parametrize("text", HITS)
@pytest.mark.parametrize("name", [ANSWERED, GIVEN])
def test_a_comment_may_hold_a_code(name, text):
    what = event(name, comment=text, client={"hetu": HETU})
    assert reason(what) is None
    assert HETU[:6] not in judge(what).value.decode()


def test_numbers_are_no_texts():
    assert reason(event(a=10594, b=-9032)) is None
    assert reason(b'{"a":010594-9032}') == "undecodable"


@pytest.mark.parametrize("hidden", ["\\u003010594Y9032", "010594\\u00599032", "\\u0030\\u0031059\\u0034Y903\\u0032"])
def test_escapes_hide_nothing(hidden):
    shown = json.loads(f'"{hidden}"')
    raw = json.dumps(event(muistio="HERE", client={"hetu": HETU})).replace("HERE", hidden).encode()
    assert reason(raw) == ("personal_id" if holds_code(shown) else None)
    raw = json.dumps(event(client={"hetu": "HERE"})).replace("HERE", hidden).encode()
    assert reason(raw) == (None if birth_date(shown) else "personal_id")


def test_escapes_with_numbers_that_need_the_exact_parser():
    raw = b'{"n":1e999,"x":"010594\\u00599032"}'
    what = json.dumps(event(x=7)).encode().replace(b'"x": 7', b'"x": ' + raw)
    assert reason(what) == "personal_id"


def test_two_codes_of_clients_are_two():
    assert reason(event(MERGED, **{"from": {"hetu": HETU}, "into": {"hetu": OTHER_HETU}})) is None
    assert (
        reason(event(MERGED, **{"from": {"hetu": HETU}, "into": {"pid": "k." + "A" * 22}, "x": HETU})) == "personal_id"
    )


def test_the_prefilter_counts():
    assert shapes(classed(b"x")) == 0
    assert shapes(classed(HETU.encode())) == 1
    assert shapes(classed(f"{HETU} {HETU}".encode())) == 2
    assert shapes(classed(b"010594-010594-010")) == UNCOUNTED
