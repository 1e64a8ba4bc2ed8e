"""The machine's Chromium, driven by Playwright. `.ci/browser` installs one; without it the tests fail."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS: Final = (
    "--no-sandbox",  # Chromium's own sandbox refuses root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str:
    """The path of Chromium: `HVA_CHROMIUM`, else the first one on the PATH. Raises FileNotFoundError."""
    names = [os.environ["HVA_CHROMIUM"]] if os.environ.get("HVA_CHROMIUM") else _NAMES
    for name in names:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(f"no {' or '.join(names)}: run .ci/browser, or name one in HVA_CHROMIUM")


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser with a new profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
