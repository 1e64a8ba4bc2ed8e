"""The committed example report shows the published numbers of the documents."""

import pytest

from tests.product import ROOT

EXAMPLES = ROOT / "docs" / "examples"
NBSP = "\N{NO-BREAK SPACE}"
SHOWN = {
    "": ("78,4", "38,0", "39,6", "36,0", "75,0", "80,0", "4 620", "56"),
    ".sv": ("78,4", "38,0", "39,6", "36,0", "75,0", "80,0", "4 620", "56"),
    ".en": ("78.4", "38.0", "39.6", "36.0", "75.0", "80.0", "4 620", "56"),
}


@pytest.mark.parametrize("suffix", SHOWN)
def test_example_shows_the_published_numbers(suffix: str) -> None:
    page = (EXAMPLES / f"report-2026Q1{suffix}.html").read_text(encoding="utf-8")
    text = page.replace(NBSP, " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert [number for number in SHOWN[suffix] if number not in text] == []


@pytest.mark.parametrize("suffix", SHOWN)
def test_example_requests_nothing_and_runs_nothing(suffix: str) -> None:
    page = (EXAMPLES / f"report-2026Q1{suffix}.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "src=" not in page
