"""`make screenshots`: the pictures in docs/images, from the run of `make demo` and the committed example report."""

from typing import Final

from playwright.sync_api import FloatRect

from deploy.demo import COUNTY, FOLDER, previous_quarter
from deploy.hva.context import live_run
from shared.clock import system_clock
from shared.registers.calendar import local_day
from tests.browser.chromium import launched
from tests.browser.conftest import window
from tests.product import ROOT

_IMAGES: Final = ROOT / "docs" / "images"
_EXAMPLE: Final = ROOT / "docs" / "examples" / "report-2026Q1.en.html"


def main() -> None:
    """Replace the pictures."""
    address = str(live_run(ROOT / FOLDER).serve["url"])
    quarter = previous_quarter(local_day(system_clock()))
    wanted = {
        "front-page.png": (f"{address}en", 1100, 900),
        "report.png": (f"{address}report/{COUNTY}/{quarter}/en", 1100, 900),
        "example-report.png": (_EXAMPLE.as_uri(), 1200, 1500),
    }
    with launched() as browser:
        for name, (url, width, height) in wanted.items():
            with window(browser, width=width) as seen:
                seen.load(url)
                # The upper part of a page is enough.
                clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height}
                seen.page.screenshot(path=_IMAGES / name, clip=clip, full_page=True)


if __name__ == "__main__":
    main()
