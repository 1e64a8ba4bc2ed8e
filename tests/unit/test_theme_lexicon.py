"""Precision and recall of the default theme lexicon on invented, labelled comments (tests/data/themes/README.md).

docs/figures.md shows the numbers that are measured here.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.ingest.themes import Themes
from shared.hetu import holds_code
from shared.registers import load_folder

PROJECT = Path(__file__).resolve().parents[2]
COMMENTS = PROJECT / "tests" / "data" / "themes" / "comments.csv"
HALVES = ("held-out", "tuning")
LEXICON = load_folder(PROJECT / "deploy" / "config").themes


@dataclass(frozen=True, slots=True)
class Comment:
    """An invented comment with the themes that a reader found and those that the lexicon finds."""

    half: str
    language: str
    text: str
    wanted: frozenset[str]
    found: frozenset[str]


def read() -> list[Comment]:
    themes = Themes(LEXICON)
    with COMMENTS.open(encoding="utf-8", newline="") as file:
        return [
            Comment(
                row["half"],
                row["language"],
                row["comment"],
                frozenset(filter(None, row["themes"].split("|"))),
                frozenset(themes.find(row["comment"])),
            )
            for row in csv.DictReader(file)
        ]


ALL = read()


def score(comments: Iterable[Comment], theme: str | None = None) -> tuple[int, float, float]:
    """Labels, precision and recall, over the assignments of one theme to a comment, or of all themes."""
    counts: Counter[str] = Counter()
    for comment in comments:
        wanted, found = ({name for name in names if theme in (None, name)} for names in (comment.wanted, comment.found))
        counts.update({"wanted": len(wanted), "found": len(found), "right": len(wanted & found)})
    return counts["wanted"], counts["right"] / counts["found"], counts["right"] / counts["wanted"]


def test_comments_are_many_and_labelled_with_themes_of_the_register() -> None:
    assert len({comment.text for comment in ALL}) == len(ALL) >= 300
    sizes = Counter((comment.half, comment.language) for comment in ALL)
    assert sizes.keys() == {(half, language) for half in HALVES for language in ("fi", "sv")}
    assert sum(sizes[half, "fi"] for half in HALVES) >= 220 and sum(sizes[half, "sv"] for half in HALVES) >= 100
    assert {theme for comment in ALL for theme in comment.wanted} == {theme for theme, _ in LEXICON}
    assert sum(not comment.wanted for comment in ALL) > 30
    assert not [comment.text for comment in ALL if holds_code(comment.text)]


@pytest.mark.parametrize("half", HALVES)
def test_lexicon_finds_themes(half: str) -> None:
    _, precision, recall = score(comment for comment in ALL if comment.half == half)
    assert precision > 0.8 and recall > 0.6


def rows() -> list[str]:
    """The lines of the tables in docs/figures.md."""
    groups: dict[str, list[Comment]] = defaultdict(list)
    for comment in ALL:
        groups[comment.half].append(comment)
        groups[f"{comment.half}, {comment.language}"].append(comment)
    found = [line(name, len(comments), *score(comments)) for name, comments in sorted(groups.items())]
    return found + [line(f"`{theme}`", *score(groups["held-out"], theme)) for theme in sorted({t for t, _ in LEXICON})]


def line(name: str, *values: float) -> str:
    shown = [str(value) if isinstance(value, int) else f"{value:.2f}" for value in values]
    return f"| {' | '.join((name, *shown))} |"


def test_docs_show_the_measured_numbers() -> None:
    page = (PROJECT / "docs" / "figures.md").read_text(encoding="utf-8").splitlines()
    assert [row for row in rows() if row not in page] == []
