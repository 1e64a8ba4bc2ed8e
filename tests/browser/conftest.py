"""A run of the whole product with a published quarter, and the browser that reads its pages."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from deploy.demo import COUNTY, first_day_after, previous_quarter
from deploy.embedded.client import SupervisorClient
from deploy.embedded.run_paths import RunPaths
from deploy.embedded.shutdown import remove_run
from deploy.report import LANGUAGES, render_html
from shared.clock import system_clock
from shared.registers.calendar import local_day
from tests.browser.chromium import launched
from tests.deadlines import DEADLINE_S
from tests.memory import folder_in_memory
from tests.product import ROOT
from tests.serve.test_process import NOWHERE, serving
from tests.unit import report_cases

CLIENTS = "2000"
EXAMPLES = ROOT / "docs" / "examples"
ID_FIELDS = ("response_id", "contact_id", "service_event_id")
QUARTER = previous_quarter(local_day(system_clock()))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the front page of a run with a simulated quarter: published, closed, and changed since."""
    folder = tmp_path_factory.mktemp("run") if folder_in_memory() is None else None
    paths = RunPaths(folder or folder_in_memory() / f"hva-browser-{tmp_path_factory.getbasetemp().name}")
    client = SupervisorClient(paths)
    try:
        run = client.wait_ready()
        events = str(paths.dir / "events.jsonl")
        until = first_day_after(QUARTER).isoformat()
        hva(paths, "simulate", "--days", "92", "--clients", CLIENTS, "--until", until, "--out", events)
        hva(paths, "load", events)
        hva(paths, "wait", "--timeout", str(DEADLINE_S))
        publish = ("publish", "--county", COUNTY, "--period", QUARTER, "--timeout", str(DEADLINE_S))
        hva(paths, *publish)
        narrative, late = paths.dir / "narrative.md", paths.dir / "late.jsonl"
        narrative.write_text("**Chat** was used more.\n\n- a\n- b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n")
        hva(paths, "narrative", QUARTER, "--objective", "ensikontakti", "--lang", "en", "--file", str(narrative))
        hva(paths, "status-of", "ensilinja-loppuun-asti", QUARTER, "--as", "challenges", "--by", "ohjausryhmä")
        hva(paths, "close", QUARTER, "--county", COUNTY)
        late.write_text("".join(late_events(Path(events))))
        hva(paths, "load", str(late))
        hva(paths, "wait", "--timeout", str(DEADLINE_S))
        hva(paths, *publish)
        yield run["serve"]["url"]
    finally:
        client.stop()
        remove_run(paths)


def late_events(events: Path) -> Iterator[str]:
    """Every hundredth answer, contact and service event once more, as another one."""
    for line in events.read_text(encoding="utf-8").splitlines()[::100]:
        try:
            event = json.loads(line)
            name = next(name for name in ID_FIELDS if name in event["data"])
        except (ValueError, KeyError, TypeError, StopIteration):
            continue
        event["id"], event["data"][name] = f"{event['id']}-late", f"{event['data'][name]}-late"
        yield json.dumps(event) + "\n"


def hva(paths: RunPaths, *arguments: str) -> None:
    """Run a verb on the run."""
    command, env = [sys.executable, "-m", "deploy.hva", *arguments], {**os.environ, "HVA_DIR": str(paths.dir)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def address_without_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of pages whose database is away."""
    with serving(NOWHERE, tmp_path_factory.mktemp("serve") / "log") as (_, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The addresses of a report with everything that a report can have: comparisons, margins, few answers."""
    found, folder = {}, tmp_path_factory.mktemp("invented")
    for language in LANGUAGES:
        file = folder / f"{language}.html"
        file.write_text(render_html(report_cases.report(), language), encoding="utf-8")
        found[f"invented {language}"] = file.as_uri()
    return found


@pytest.fixture(scope="session")
def pages(address: str, address_without_database: str, invented: dict[str, str]) -> dict[str, str]:
    """The pages by a name for messages."""
    fronts = {f"front page {language}": f"{address}{language}" for language in LANGUAGES}
    reports = {f"report {language}": f"{address}report/{COUNTY}/{QUARTER}/{language}" for language in LANGUAGES}
    examples = {f"example {path.stem}": path.as_uri() for path in sorted(EXAMPLES.glob("report-*.html"))}
    return {
        **fronts,
        **reports,
        **examples,
        **invented,
        "404": f"{address}report/{COUNTY}/1999Q1/fi",
        "503": f"{address_without_database}report/{COUNTY}/{QUARTER}/sv",
        "front page without database": f"{address_without_database}en",
    }


@pytest.fixture(scope="session")
def one_of_each(pages: dict[str, str]) -> dict[str, str]:
    """Every kind of page in one language, for tests whose result does not depend on the length of words."""
    fronts_and_errors = ("front page fi", "404", "503", "front page without database")
    names = (*fronts_and_errors, "report sv", "example report-2026Q1.en", "invented fi")
    return {name: pages[name] for name in names}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed before tests of other modules, because Playwright keeps an event loop running in this thread."""
    with launched() as started:
        yield started


@dataclass
class Visit:
    """An open page, and what happened since it was loaded."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)  # what the console says

    def load(self, url: str) -> None:
        """Go to another address."""
        self.requests.clear()
        self.complaints.clear()
        self.page.goto(url)


@contextmanager
def window(browser: Browser, width: int = 1200, script: bool = False) -> Iterator[Visit]:
    """A window with a profile of its own."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
    seen = Visit(context.new_page())
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    seen.page.on("console", lambda message: seen.complaints.append(message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    try:
        yield seen
    finally:
        context.close()
