"""Texts, definitions and numbers of the report in its languages."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from deploy.report import LANGUAGES, Language
from deploy.report.labels import change_words
from deploy.report.model import Name, Value
from deploy.report.numbers import day, difference, minute, period, shown
from deploy.report.palette import PALETTE
from deploy.report.periods import months_until, parse_quarter, previous, quarters_until
from deploy.report.published import change
from deploy.report.tables import SPECS
from deploy.report.tables import column as column_of
from deploy.report.texts import definitions, name_in, texts
from shared.registers.figures import VIEWS

NARROW = "\u202f"
# The columns of key results that a restatement can be about.
_COMPARED = ("baseline", "target", "actual", "change_points", "change_relative", "progress", "coverage", "met")


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_text_is_translated_with_the_same_values(language: Language) -> None:
    english, other = texts("en"), texts(language)
    assert set(other) == set(english)
    for name, value in english.items():
        if isinstance(value, str):
            assert _values(other[name]) == _values(value), name
            assert other[name].strip()


def _values(value: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(value) if field}


def test_every_text_is_used() -> None:
    sources = [*Path("deploy/report").rglob("*.py"), *Path("deploy/report/templates").iterdir()]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    prefixes = ("state_", "status_", "gap_", "family_", "cause_", "part_", "table_", "key_", "trend_")
    unused = [name for name in texts("en") if f'"{name}"' not in code and not name.startswith(prefixes)]
    assert set(unused) - {"hidden", "missing", "undefined", "not_set", "languages", "months"} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_column_and_figure_has_a_name(language: Language) -> None:
    defined = definitions()
    for spec in SPECS:
        assert texts(language)[f"table_{spec.id}"]
        assert texts(language)[f"part_{spec.part}"]
        for column in spec.columns:
            assert defined["columns"][column.label][language]
            view, name = column.source.split(".")
            assert name.removesuffix("±") in VIEWS[view]
    for view, names in VIEWS.items():
        for text in ("name", "summary", "definition"):
            assert defined["figures"][view][text][language]
        assert all(defined["columns"][column_of(f"{view}.{name}").label][language] for name in names), view
    assert all(texts(language)[name] for name in _COMPARED)
    assert all(meaning[language] for meaning in defined["terms"].values())


def test_docs_say_of_each_figure_what_the_report_says() -> None:
    docs = Path("docs/figures.md").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^\| \[(\w+)\]\(#\w+\) \| (.+?) \|", docs, re.MULTILINE))
    summaries = {view: figure["summary"]["en"] for view, figure in definitions()["figures"].items()}
    lines.pop("nps_mix")  # a function for stewards, not in the report
    lines.pop("key_result")  # made of the other figures
    assert lines == summaries


@pytest.mark.parametrize(
    "language, value, expected",
    [
        ("fi", Value("share", 0.3801), f"38,0{NARROW}%"),
        ("en", Value("share", 0.3801), f"38.0{NARROW}%"),
        ("sv", Value("count", 1234567.0), f"1{NARROW}234{NARROW}567"),
        ("fi", Value("points", -28.16), "−28,2"),
        ("fi", Value("points", -0.04), "0,0"),
        ("fi", Value("points", 13.62, 42.69), "13,6 – 42,7"),
        ("en", Value("points", 13.62, 42.69), "13.6 to 42.7"),
        ("en", Value("ratio", 5.0), "5.00"),
        ("fi", Value("percent", 39.0), f"39{NARROW}%"),
        ("sv", Value("wait", 300.0), "≤ 5 min"),
        ("sv", Value("wait", 30.0), "≤ 30 s"),
        ("sv", Value("wait", float("inf")), "> 24 h"),
        ("sv", Value("share", reason="hidden"), "dolt"),
        ("fi", Value("share", reason="not_set"), "ei asetettu"),
    ],
)
def test_numbers_as_each_language_writes_them(language: Language, value: Value, expected: str) -> None:
    assert shown(language, value) == expected


def test_points_and_per_cent_are_told_apart() -> None:
    found = change(Value("share", 0.36), Value("share", 0.38))
    assert found.points == pytest.approx(2.0)
    assert found.relative == pytest.approx(5.5556, abs=1e-4)
    assert change_words("fi", found) == "+2,0 %-yks."
    assert difference("en", "points", -1.25) in ("−1.2 points", "−1.3 points")
    assert change_words("sv", change(Value("count", 200.0), Value("count", 150.0))) == f"−25,0{NARROW}%"
    assert change_words("en", change(Value("count", 0.0), Value("count", 3.0))) == "+3"
    assert change_words("en", change(Value("share", reason="hidden"), Value("share", 0.1))) == "No comparison"


def test_dates_and_periods() -> None:
    at = datetime(2026, 5, 31, 21, 30, tzinfo=UTC)
    assert [day(language, at) for language in LANGUAGES] == ["1.6.2026", "1.6.2026", "1 June 2026"]
    assert minute("fi", at) == "1.6.2026 0.30"
    assert period("sv", "2026-03") == "mars 2026"
    assert period("fi", "2026Q1", short=True) == "Q1/2026"
    assert quarters_until("2026Q1", 3) == ["2025Q3", "2025Q4", "2026Q1"]
    assert months_until("2026Q1", 13)[::12] == ["2025-03", "2026-03"]
    assert previous("0001Q1") == "0001Q1"


@pytest.mark.parametrize("wrong", ["2026", "2026q1", "2026Q5", "2026Q1 ", "0000Q1", "", "２０２６Q1"])
def test_what_is_not_a_quarter(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is not a quarter: write 2026Q1"):
        parse_quarter(wrong)


def test_code_without_a_name_is_written_as_words() -> None:
    assert name_in("fi", Name("neuvola-ja-kouluterveys", {})) == "Neuvola ja kouluterveys"
    assert name_in("sv", Name("x", {"fi": "Neuvola"})) == "[namn saknas] Neuvola"
    assert name_in("en", Name("", {})) == ""


@pytest.mark.parametrize("colour", ["ink", "muted", "accent", "target", "good", "bad"])
@pytest.mark.parametrize("background", ["paper", "tint"])
def test_text_has_the_contrast_of_wcag(colour: str, background: str) -> None:
    assert _contrast(PALETTE[colour], PALETTE[background]) >= 4.5


def test_notes_have_the_contrast_of_wcag() -> None:
    assert _contrast(PALETTE["hint"], PALETTE["hint_paper"]) >= 4.5
    assert _contrast(PALETTE["ink"], PALETTE["hint_paper"]) >= 4.5


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
