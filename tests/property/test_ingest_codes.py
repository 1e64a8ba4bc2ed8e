"""Personal identity codes against a plain implementation of their definition, and what the prefilter may skip."""

import json
import unicodedata
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.validate import Rejected
from shared.contracts.strict_json import classed
from shared.hetu import CENTURIES, CHECK, birth_date, holds_code, shapes
from tests.unit.ingest_cases import event, judge

WIDE = {chr(c): chr(c + 0xFEE0) for c in range(0x30, 0x7F)} | {"2": "²", "9": "𝟗"}
DIGITS = st.text("0123456789", min_size=2, max_size=2)


@st.composite
def near_codes(draw):
    """Return strings in the form of a code of a test person, most with the right check character."""
    day = draw(st.sampled_from(["00", "01", "28", "29", "30", "31", "32"]))
    month = draw(st.sampled_from(["00", "01", "02", "04", "12", "13"]))
    start = day + month + draw(DIGITS)
    individual = draw(st.integers(900, 999).map(str))
    right = CHECK[int(start + individual) % 31]
    check = draw(st.sampled_from([right, right, right, right.lower(), "G", "0"]))
    code = (
        start
        + draw(st.sampled_from("-+ABCDEFUVWXYabyGZ_ \u2010\u2011\u2013\u2212\u2016\uff0d\uff39"))
        + individual
        + check
    )
    wide = draw(st.sets(st.integers(0, 10), max_size=3))
    return "".join(WIDE.get(c, c) if position in wide else c for position, c in enumerate(code))


AROUND = st.text(st.sampled_from(" _-+.ä\u0430a1\u0661²\u0301\n\0😀Ⅷʰ"), max_size=2)
LINES = st.lists(st.tuples(AROUND, near_codes(), AROUND), max_size=3).map(
    lambda parts: "".join(before + code + after for before, code, after in parts)
)


def reference_holds_code(text):
    """Check every position in the text."""
    text = unicodedata.normalize("NFKC", text)
    for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212":
        text = text.replace(dash, "-")
    for start in range(len(text) - 10):
        code = text[start : start + 11]
        if not (code[:6] + code[7:10]).isascii() or not (code[:6] + code[7:10]).isdigit():
            continue
        around = text[max(start - 1, 0) : start] + text[start + 11 : start + 12]
        alone = all(unicodedata.category(c)[0] != "L" and unicodedata.category(c) != "Nd" for c in around)
        known = code[6].isascii() and code[6].upper() in CENTURIES
        dated = 1 <= int(code[:2]) <= 31 and 1 <= int(code[2:4]) <= 12
        right = code[10].isascii() and CHECK[int(code[:6] + code[7:10]) % 31] == code[10].upper()
        if alone and known and dated and right:
            return True
    return False


@given(LINES)
@settings(max_examples=500)
def test_code_in_a_text_is_found_like_by_the_reference(text):
    assert holds_code(text) == reference_holds_code(text)
    if reference_holds_code(text):
        assert shapes(classed(json.dumps(text, ensure_ascii=False).encode())) != 0


@given(st.lists(LINES, max_size=3), LINES, st.booleans())
@settings(max_examples=250)
def test_event_with_a_code_outside_the_comment_is_rejected(others, comment, ascii_only):
    sent = event("fi.hva.feedback.given.v1", comment=comment, lisa=others, client={"hetu": "010594Y9032"})
    verdict = judge(json.dumps(sent, ensure_ascii=ascii_only).encode(), stream="feedback")
    rejected = isinstance(verdict, Rejected) and verdict.reason == "personal_id"
    assert rejected == any(map(reference_holds_code, others))


@given(near_codes())
def test_birth_date_of_a_code_is_real(code):
    born = birth_date(code)
    if born is not None:
        assert date(born.year, born.month, born.day).strftime("%d%m%y") == code[:6]
        assert born.year // 100 * 100 == CENTURIES[code[6]]
