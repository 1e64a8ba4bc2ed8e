"""The report as a page, Markdown, CSV and JSON: everything is escaped, and nothing is empty without a reason."""

import csv
import io
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from deploy.report import LANGUAGES, Language, Report, render_csv, render_html, render_json, render_markdown
from deploy.report.model import Gap, Name, Narrative, Value
from tests.unit import report_cases as cases

SCHEMA = json.loads(Path("deploy/report/report.schema.json").read_text(encoding="utf-8"))
EMPTY = cases.report(
    state="none",
    edition=None,
    published_at=None,
    objectives=(),
    restatements=(),
    tables=tuple(replace(table, rows=()) for table in cases.report().tables),
)
REPORTS = {"full": cases.report(), "empty": EMPTY}


class Page(HTMLParser):
    """Tags, ids, and the text of each cell of a table and of each list of definitions."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.open = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th", "dd", "dt"):
            self.cells.append("")
            self.open += 1

    def handle_endtag(self, tag: str) -> None:
        self.open -= tag in ("td", "th", "dd", "dt")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.cells[-1] += data.strip()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_no_cell_of_the_page_is_empty(report: Report, language: Language) -> None:
    page = Page(render_html(report, language))
    assert page.cells
    assert all(page.cells)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_no_cell_of_markdown_is_empty(report: Report, language: Language) -> None:
    for line in render_markdown(report, language).splitlines():
        if line.startswith("|"):
            assert all(cell.strip() for cell in line.strip("|").split("|")), line


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_needs_nothing_from_outside(language: Language) -> None:
    html = render_html(cases.report(), language)
    tags = Page(html).tags
    assert not {"script", "iframe", "img", "object", "embed"} & {tag for tag, _ in tags}
    links = [value for _, attrs in tags for name, value in attrs.items() if name in ("href", "src", "xlink:href")]
    assert all(link and link.startswith(("#", "data:,")) for link in links)
    assert "url(" not in html
    assert "@import" not in html
    # A content security policy without inline styles of elements can hold.
    assert not any("style" in attrs for _, attrs in tags)


@pytest.mark.parametrize("language", LANGUAGES)
def test_ids_are_unique_and_references_lead_to_one(language: Language) -> None:
    tags = Page(render_html(cases.report(), language)).tags
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {attrs["aria-labelledby"] for _, attrs in tags if "aria-labelledby" in attrs}
    wanted |= {str(attrs["href"])[1:] for _, attrs in tags if str(attrs.get("href", "")).startswith("#")}
    assert wanted <= set(ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_has_language_landmarks_and_headings_in_order(language: Language) -> None:
    tags = Page(render_html(cases.report(), language)).tags
    names = [tag for tag, _ in tags]
    assert ("html", {"lang": language}) in tags
    assert [names.count(landmark) for landmark in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert all(deeper <= level + 1 for level, deeper in itertools.pairwise(levels))
    assert names.count("caption") == names.count("table")
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")


def test_every_picture_has_its_words_and_its_table() -> None:
    html = render_html(cases.report(), "en")
    assert html.count('role="img"') == html.count("<details>") == html.count("<svg") == 2
    assert "12 published values, lowest 35.2\u202f% (September 2025)" in html
    assert "There is no trend to draw, because no figure is published." in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fi", "yksi julkaistu arvo, 78,4\u202f% ("),
        ("sv", "ett publicerat värde, 78,4\u202f% ("),
        ("en", "one published value, 78.4\u202f% (September 2026). Target"),
    ],
)
def test_trend_of_one_value_has_no_lowest_and_highest(language: Language, words: str) -> None:
    assert words in render_html(cases.report(), language)


def test_texts_of_registers_and_people_are_escaped() -> None:
    hostile = cases.HOSTILE
    result = replace(
        cases.KEY_RESULT, name=Name("x", dict.fromkeys(LANGUAGES, hostile)), owner=hostile, comment=hostile
    )
    said = Narrative("en", f"{hostile}\n\n[a](javascript:alert(1)) ![b](https://example.com/x.png)", hostile, cases.AT)
    row = cases.nps_row(Name(hostile, {}), 1.0, 50)
    report = cases.report(
        county_name=Name("x", dict.fromkeys(LANGUAGES, hostile)),
        objectives=(cases.objective(result, narratives=(said,)),),
        tables=(cases.table("nps_areas", row),),
    )
    html = render_html(report, "en")
    names = {tag for tag, _ in Page(html).tags}
    assert not {"script", "img"} & names
    assert "javascript:" not in str([attrs.get("href") for _, attrs in Page(html).tags])
    assert html.count("&lt;script&gt;") >= 6
    markdown = render_markdown(report, "en").replace(f"> {hostile}", "")
    assert "<script>" not in markdown


def test_hidden_missing_and_unset_values_say_why() -> None:
    html = render_html(cases.report(), "fi")
    assert html.count("piilotettu") > 3
    assert "ei laskettavissa" in html
    assert "[nimi puuttuu]" not in html
    assert "[namn saknas] 90 % asiakkaista" in render_html(cases.report(), "sv")
    assert "Beskrivningen finns bara på ett annat språk (på finska)." in render_html(cases.report(), "sv")


@pytest.mark.parametrize("coverage, colour", [(1.0, True), (None, True), (0.99, False)])
def test_value_has_a_colour_only_where_all_units_are_in(coverage: float | None, colour: bool) -> None:
    result = replace(cases.KEY_RESULT, coverage=coverage)
    html = render_html(cases.report(objectives=(cases.objective(result),)), "en")
    assert ('class="actual bad"' in html) is colour
    assert ("Indicative" in html) is not colour
    assert "Challenges in the work, being solved" in html  # people's word stays


def test_key_result_shows_its_interval_margin_and_low_number() -> None:
    html = render_html(cases.report(), "en").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert '<dd class="interval">95 % interval 36.0 % to 40.0 %</dd>' in html
    assert "<dt>Margin</dt><dd>0.5 percentage points</dd>" in html
    assert '<dd>78.4 %<abbr title="fewer than 30 answers"> *</abbr></dd>' in html
    within = replace(cases.KEY_RESULT, actual=Value("share", 0.394), met=True)
    assert "Target met within the margin" in render_html(cases.report(objectives=(cases.objective(within),)), "en")
    reached = replace(within, actual=Value("share", 0.4))
    assert "within the margin" not in render_html(cases.report(objectives=(cases.objective(reached),)), "en")


def test_unnamed_author_is_shown_in_words() -> None:
    said = (Narrative("fi", "x", "steward", cases.AT),)
    html = render_html(cases.report(objectives=(cases.objective(narratives=said),)), "fi")
    assert "lukujen vastuuhenkilö, 5.10.2026" in html and "steward" not in html


def test_restatement_without_a_changed_fact_says_so() -> None:
    (found,) = cases.report().restatements
    html = render_html(cases.report(restatements=(replace(found, causes=()),)), "en")
    assert '<td class="cause">no changed data (for example, a promised time has passed)</td>' in html


def test_page_shows_visible_restatements_first_and_says_how_many_are_left_out() -> None:
    (found,) = cases.report().restatements
    unseen = replace(found, before=Value("share", 0.5001), now=Value("share", 0.5002))
    derived = replace(found, view="key_result", column="progress")
    many = (*(unseen for _ in range(80)), derived, found)
    html = render_html(cases.report(restatements=many), "en").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert html.count('class="cause"') == 60
    visible, unchanged = '<td class="number">36.0 %</td><td class="number">37.0 %', '<td class="number">50.0 %</td>'
    assert html.index(visible) < html.index(unchanged)
    assert "And 22 other changes" in html and "Progress</th>" not in html
    assert render_csv(cases.report(restatements=many), "en").count("restatement,now") == 82


def test_csv_has_a_line_for_each_number_and_a_reason_for_each_gap() -> None:
    lines = list(csv.DictReader(io.StringIO(render_csv(cases.report(), "en"))))
    assert all(line["value"] or line["reason"] for line in lines)
    found = {(line["section"], line["id"], line["row"], line["column"]): line for line in lines}
    assert found["table", "nps_areas", "oma-hame", "nps.n"]["value"] == "55000"
    assert found["table", "nps_areas", "kotihoito", "nps.score"]["reason"] == "hidden"
    assert found["key_result", "ensilinja-loppuun-asti", "ensikontakti", "target"]["value"] == "0.396"


def test_csv_has_what_the_page_says_in_words() -> None:
    report = cases.report()
    lines = list(csv.DictReader(io.StringIO(render_csv(report, "en"))))
    found = {(line["section"], line["id"]): line["value"] for line in lines}
    assert found["report", "state"] == report.state
    assert {line["value"] for line in lines if line["section"] == "narrative"} == {
        narrative.text for objective in report.objectives for narrative in objective.narratives
    }
    empty = replace(report, edition=None, tables=(), objectives=(), gaps=(Gap("no_rows", "nps"),))
    (edition, gap) = (
        line
        for line in csv.DictReader(io.StringIO(render_csv(empty, "en")))
        if line["id"] == "edition" or line["section"] == "gap"
    )
    assert (edition["value"], edition["reason"]) == ("", "missing")
    assert gap["value"].startswith("There are no figures of the quarter")


def test_csv_holds_no_formula() -> None:
    row = cases.nps_row(Name("=cmd()", {}), -5.0, 50)
    lines = list(csv.reader(io.StringIO(render_csv(cases.report(tables=(cases.table("nps_areas", row),)), "en"))))
    assert all(not cell.startswith("=") for line in lines for cell in line)
    assert any("-5.0" in line for line in lines)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_json_follows_its_schema(report: Report) -> None:
    content = json.loads(render_json(report, "sv"))
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert content["quarter"] == "2026Q3"


def test_json_holds_a_wait_of_more_than_a_day() -> None:
    result = replace(cases.KEY_RESULT, actual=Value("wait", float("inf")))
    content = json.loads(render_json(cases.report(objectives=(cases.objective(result),)), "en"))
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    assert content["objectives"][0]["key_results"][0]["actual"]["number"] == "Infinity"


def test_same_report_gives_the_same_bytes() -> None:
    assert render_html(cases.report(), "fi") == render_html(cases.report(), "fi")
