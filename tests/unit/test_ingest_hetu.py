"""Personal identity codes of clients: which are valid."""

from datetime import UTC, date, datetime

import pytest

from shared.hetu import birth_date, holds_code, normalised
from tests.unit.ingest_cases import HETU, MERGED, canonical_data, context, event, make_hetu, reason

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


@pytest.mark.parametrize("hetu", TEST_PERSONS)
def test_codes_of_test_persons_are_accepted(hetu):
    assert birth_date(hetu) is not None
    assert holds_code(hetu)
    assert holds_code(hetu.lower())
    assert reason(event(client={"hetu": hetu})) is None


@pytest.mark.parametrize(
    ("hetu", "born"),
    [
        (make_hetu("290204", "A"), date(2004, 2, 29)),
        (make_hetu("290296", "-"), date(1996, 2, 29)),
        (make_hetu("290200", "A"), date(2000, 2, 29)),
        (make_hetu("010100", "+"), date(1800, 1, 1)),
        (make_hetu("311299", "+", "002"), date(1899, 12, 31)),
        (make_hetu("311299", "U", "999"), date(1999, 12, 31)),
        (make_hetu("010199", "F"), date(2099, 1, 1)),
        (make_hetu("290200", "-"), None),  # 1900 was not a leap year
        (make_hetu("290200", "+"), None),
        (make_hetu("310494", "-"), None),
        (make_hetu("320194", "-"), None),
        (make_hetu("011394", "-"), None),
        (make_hetu("000194", "-"), None),
        (make_hetu("010094", "-"), None),
        (make_hetu("010194", "-", "001"), None),
        (make_hetu("010194", "-", "000"), None),
        (make_hetu("010194", "G"), None),
        (make_hetu("010194", "Z"), None),
        (make_hetu("010194", "_"), None),
        ("010190-999K", None),
        ("010190-999G", None),
        ("0105949032", None),
        ("010594Y90321", None),
        ("", None),
    ],
)
def test_birth_date_of_a_code(hetu, born):
    assert birth_date(hetu) == born


FULL_WIDTH = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u207b"


@pytest.mark.parametrize("dash", DASHES)
def test_any_dash_is_read_as_a_hyphen(dash):
    plain = make_hetu("010594")
    assert normalised(plain.replace("-", dash)) == plain
    assert canonical_data(event(client={"hetu": plain.replace("-", dash)})) == canonical_data(
        event(client={"hetu": plain})
    )


@pytest.mark.parametrize(
    "sent",
    [
        f" {HETU}",
        f"{HETU}\t\n",
        HETU.lower(),
        f"\u00a0{HETU}\u2003",
        f"\u3000{HETU.lower()}\x85",
        HETU.translate(FULL_WIDTH),
        HETU.lower().translate(FULL_WIDTH),
        "０10594Y9032",
    ],
)
def test_code_is_trimmed_and_upper_cased(sent):
    assert normalised(sent) == HETU
    assert canonical_data(event(client={"hetu": sent})) == canonical_data(event(client={"hetu": HETU}))


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
        "010594\u20169032",
        "010594~9032",
        "01059٤Y9032",
        "010594Y903\u0131",  # upper-cases to an I in Unicode
        f"\ufeff{HETU}",
        "a" + "\u0301\u0316" * 50_000,
        "x" * 100_000,
        " " * 100_000,
    ],
)
def test_invalid_code_of_a_client_is_rejected_as_personal_id(sent):
    assert reason(event(client={"hetu": sent})) == "personal_id"
    assert reason(event(MERGED, into={"hetu": sent})) == "personal_id"
    assert reason(event(client={"hetu": sent, "local_id": "A1"}, channel="fax")) == "personal_id"


@pytest.mark.parametrize("sent", [7, True, [], {}, ["x"], {"a": 1}, 1.5])
def test_code_that_is_not_a_string_is_rejected_as_schema(sent):
    assert reason(event(client={"hetu": sent})) == "schema"


def test_code_nested_in_an_invalid_client_is_found():
    assert reason(event(client={"hetu": [HETU]})) == "personal_id"
    assert reason(event(client=HETU)) == "personal_id"
    assert reason(event(client=[HETU])) == "personal_id"


def test_birth_date_may_not_be_after_the_local_date():
    born = make_hetu("010626", "A")  # 1 June 2026 begins at 21 UTC the day before
    for now, expected in [(datetime(2026, 5, 31, 20, 59, 59), "personal_id"), (datetime(2026, 5, 31, 21), None)]:
        assert reason(event(client={"hetu": born}), ctx=context(now.replace(tzinfo=UTC))) == expected


def test_birth_date_of_a_cached_code_is_checked_again():
    ctx = context()
    keyring = ctx.keyring
    assert keyring.of_hetu("oma-hame", make_hetu("010626", "A"), date(2026, 6, 1))
    assert keyring.of_hetu("oma-hame", make_hetu("010626", "A"), date(2026, 5, 31)) is None
