"""The pages in a real browser: accessible, readable on a phone and on paper, without scripts or outside requests."""

from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.browser.conftest import COUNTY, LANGUAGES, QUARTER, window

# Finnish public bodies are bound by WCAG 2.2 AA, which contains the earlier versions.
_RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_A4_PT: Final = (595, 842)
_PRINTED_WIDTH: Final = 680  # CSS pixels of 180 mm: A4 without margins of 15 mm
_PRINTED_HEIGHT: Final = 1000
_OUTSIDE: Final = """
width => [...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return box.width > 1 && style.visibility !== 'hidden' && style.position !== 'absolute' && box.right > width + 1;
}).map(one => one.tagName + ' ' + one.textContent.trim().slice(0, 60))
"""
_ROWS: Final = """
() => [...document.querySelectorAll('tr')].map(one => ({
  breaks: getComputedStyle(one).breakInside, height: one.getBoundingClientRect().height, text: one.textContent.trim()
}))
"""


def violations(page: Page) -> list[str]:
    """The violated rules with the first element of each. The check itself must find something to check."""
    found: dict[str, Any] = Axe().run(page, options=_RULES).response
    assert len(found["passes"]) > 5
    firsts = [(one["id"], one["nodes"][0]) for one in found["violations"]]
    return [f"{rule}: {node['html'][:200]} {node['failureSummary']}" for rule, node in firsts]


def test_pages_follow_the_rules_of_accessibility(browser: Browser, one_of_each: dict[str, str]) -> None:
    with window(browser, script=True) as seen:
        for name, url in one_of_each.items():
            seen.load(url)
            assert violations(seen.page) == [], name


def test_violations_are_found(browser: Browser) -> None:
    with window(browser, script=True) as seen:
        seen.page.set_content("<title>t</title><p style='color: #bbb'>pale</p><img src='data:,'><table><td>x</table>")
        found = {text.partition(":")[0] for text in violations(seen.page)}
        assert found >= {"html-has-lang", "color-contrast", "image-alt"}


@pytest.mark.parametrize("width", [400, 320])
def test_narrow_pages_do_not_scroll_sideways(browser: Browser, pages: dict[str, str], width: int) -> None:
    with window(browser, width) as seen:
        for name, url in pages.items():
            seen.load(url)
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_printed_pages_cut_no_column_and_split_no_row(browser: Browser, pages: dict[str, str]) -> None:
    with window(browser, _PRINTED_WIDTH) as seen:
        seen.page.emulate_media(media="print")
        for name, url in pages.items():
            seen.load(url)
            assert seen.page.evaluate(_OUTSIDE, _PRINTED_WIDTH) == [], name
            for row in seen.page.evaluate(_ROWS):
                assert row["breaks"] == "avoid" and row["height"] < _PRINTED_HEIGHT / 2, (name, row["text"])
            sheets = PdfReader(BytesIO(seen.page.pdf(format="A4", prefer_css_page_size=True))).pages
            sizes = [(float(sheet.mediabox.width), float(sheet.mediabox.height)) for sheet in sheets]
            assert all(size == pytest.approx(_A4_PT, abs=1) for size in sizes), (name, sizes)
            assert all(sheet.extract_text().strip() for sheet in sheets), name


def test_pages_need_no_script_and_nothing_from_elsewhere(browser: Browser, one_of_each: dict[str, str]) -> None:
    elements: dict[str, set[int]] = {name: set() for name in one_of_each}
    for script in (False, True):
        with window(browser, script=script) as seen:
            for name, url in one_of_each.items():
                seen.load(url)
                hosts = {urlsplit(request).netloc for request in seen.requests if not request.startswith("data:")}
                assert hosts == {urlsplit(url).netloc}, name
                assert not [text for text in seen.complaints if "status of" not in text], name
                assert seen.page.locator("script, iframe, object, embed, form").count() == 0, name
                assert seen.page.locator("h1").count() == 1 and seen.page.context.cookies() == [], name
                elements[name].add(seen.page.locator("main *").count())
    assert all(len(counts) == 1 and 0 not in counts for counts in elements.values()), elements


def test_reader_gets_from_the_front_page_to_the_report_and_changes_the_language(browser: Browser, address: str) -> None:
    with window(browser) as seen:
        seen.load(f"{address}fi")
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.getAttribute('href')").startswith("#")  # past the header
        seen.page.locator(f"a[href='/report/{COUNTY}/{QUARTER}/fi']").click()
        assert seen.page.locator("html").get_attribute("lang") == "fi"
        for language in LANGUAGES:
            seen.page.locator(f"a[hreflang='{language}']").first.click()
            assert seen.page.locator("html").get_attribute("lang") == language
            assert f"/report/{COUNTY}/{QUARTER}/{language}" in seen.page.url


def test_report_has_everything_that_the_other_tests_look_at(browser: Browser, pages: dict[str, str]) -> None:
    with window(browser) as seen:
        for language in LANGUAGES:
            seen.load(pages[f"report {language}"])
            assert seen.page.locator(".key-result").count() > 5
            assert seen.page.locator(".key-result .picture svg").count() > 2
            assert seen.page.locator(".status-challenges").count() == 1
            assert seen.page.locator(".narrative table").count() == 1
            assert seen.page.locator("#table-hidden").count() == seen.page.locator("#table-restatements").count() == 1
        for name in (name for name in pages if name.startswith("example")):
            seen.load(pages[name])
            assert seen.page.locator(".key-result .picture svg").count() == 6, name
