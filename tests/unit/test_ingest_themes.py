"""Themes found by words and stems, and whether a comment has visible text."""

import unicodedata

import pytest

from services.ingest.themes import Themes, has_visible_text
from tests.unit.ingest_cases import ANSWERED, GIVEN, canonical, canonical_data, event, reason

ROWS = [
    ("kohtaaminen", "kohtaa"),
    ("kohtaaminen", "ystäväll"),
    ("sujuvuus", "jono"),
    ("sujuvuus", "Odot"),
    ("katu", "STRASSE"),
    ("kaupunki", "İst"),
    ("toinen", "jono"),
    ("tyhjä", ""),
    ("kaksi", "kaksi sanaa"),
]


def find(comment):
    return Themes(ROWS).find(comment)


@pytest.mark.parametrize(
    ("comment", "themes"),
    [
        ("", []),
        ("jono", ["sujuvuus", "toinen"]),
        ("JONOTTAMINEN vei tunnin", ["sujuvuus", "toinen"]),
        ("ajonopeus", []),
        ("a-jono", ["sujuvuus", "toinen"]),
        ("1jono2", ["sujuvuus", "toinen"]),
        ("²jono", ["sujuvuus", "toinen"]),
        ("Ⅷjono", ["sujuvuus", "toinen"]),
        ("_jono_", ["sujuvuus", "toinen"]),
        ("ʰjono", []),
        ("odotus\u2028odotin", ["sujuvuus"]),
        ("odot", ["sujuvuus"]),
        ("odo", []),
        ("YSTÄVÄLLINEN kohtaaminen", ["kohtaaminen"]),
        (unicodedata.normalize("NFD", "Ystävällinen"), ["kohtaaminen"]),
        ("jo\u0301no", []),
        ("x\u0301jono", ["sujuvuus", "toinen"]),  # x and the mark compose to no letter, so the mark ends the word
        ("Straße", ["katu"]),
        ("İstanbul", ["kaupunki"]),
        ("istanbul", []),
        ("odotin jonossa, kohtaaminen", ["kohtaaminen", "sujuvuus", "toinen"]),
        ("kaksi sanaa", []),
        ("jono\0jono", ["sujuvuus", "toinen"]),
        ("ＪＯＮＯ", []),
    ],
)
def test_themes_found_in_a_comment(comment, themes):
    assert find(comment) == themes


def test_long_comment_is_searched_to_its_end():
    assert find("sana " * 200_000 + "jono") == ["sujuvuus", "toinen"]
    assert Themes([]).find("jono") == []


WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2006\u200a\u2028\u2029\u202f\u205f\u3000"


@pytest.mark.parametrize(
    ("comment", "visible"),
    [("", False), (WHITE, False), *((f" {c}", True) for c in "a.\0\x1c\x1d\x1e\x1f\u180e\u200b\u2060\ufeff😀")],
)
def test_has_comment_needs_a_character_that_is_not_white_space(comment, visible):
    assert has_visible_text(comment) is visible
    assert canonical_data(event(ANSWERED, comment=comment))["has_comment"] is visible


def test_white_space_is_the_unicode_property():
    # str.isspace() and str.strip() know White_Space and the four information separators.
    white = {chr(c) for c in range(0x110000) if chr(c).isspace()} - set("\x1c\x1d\x1e\x1f")
    assert {chr(c) for c in range(0xD800) if not has_visible_text(chr(c))} == white


def test_sent_themes_come_first_without_duplicates():
    assert canonical_data(event(GIVEN, themes=["b", "sujuvuus", "b"], comment="jono, ystävällinen"))["themes"] == [
        "b",
        "sujuvuus",
        "kohtaaminen",
    ]
    assert canonical_data(event(GIVEN, comment="jono"))["themes"] == ["sujuvuus"]
    assert canonical_data(event(GIVEN, themes=[], comment="ok"))["themes"] == []
    assert "themes" not in canonical_data(event(GIVEN, comment="ok"))
    assert "comment" not in canonical_data(event(GIVEN, comment="jono"))


def test_comment_does_not_change_the_digest():
    for name, data in [(GIVEN, {"themes": ["b", "b"]}), (GIVEN, {}), (ANSWERED, {})]:
        digests = {canonical(event(name, comment=c, **data))["digest"] for c in ("jono", "", None, "odotin", ...)}
        assert len(digests) == 1


def test_has_comment_is_kept_as_sent():
    assert canonical_data(event(ANSWERED, has_comment=True))["has_comment"] is True
    assert canonical_data(event(ANSWERED, has_comment=True, comment=" "))["has_comment"] is True
    assert canonical_data(event(ANSWERED))["has_comment"] is False


@pytest.mark.parametrize("comment", [7, [], {}, True])
def test_comment_must_be_a_string(comment):
    assert reason(event(ANSWERED, comment=comment)) == "schema"


def test_comment_may_be_long_and_contain_nul():
    assert reason(event(GIVEN, comment="a\0" * 100_000)) is None
