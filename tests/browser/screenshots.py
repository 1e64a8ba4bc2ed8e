"""`make screenshots`: the pictures in docs/images, from the run of `make demo`."""

from typing import Final

from deploy.demo import COUNTY, FOLDER, previous_quarter
from deploy.hva.context import live_run
from shared.clock import system_clock
from shared.registers.calendar import local_day
from tests.browser.chromium import launched
from tests.browser.conftest import window
from tests.product import ROOT

_IMAGES: Final = ROOT / "docs" / "images"
_HEIGHT: Final = 900  # the upper part of a page is enough


def main() -> None:
    """Replace the pictures."""
    address = str(live_run(ROOT / FOLDER).serve["url"])
    quarter = previous_quarter(local_day(system_clock()))
    wanted = {"front-page.png": "en", "report.png": f"report/{COUNTY}/{quarter}/en"}
    with launched() as browser, window(browser, width=1100) as seen:
        for name, path in wanted.items():
            seen.load(f"{address}{path}")
            seen.page.screenshot(path=_IMAGES / name, clip={"x": 0, "y": 0, "width": 1100, "height": _HEIGHT})


if __name__ == "__main__":
    main()
