"""A product with a published quarter, and the browser that reads its pages."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from deploy.demo import COUNTY, first_day_after, previous_quarter
from deploy.hva.publish import request_publication
from deploy.report import LANGUAGES, render_html
from deploy.simulate.options import Options
from deploy.simulate.run import stream
from shared.clock import system_clock
from shared.registers.calendar import local_day
from tests.browser.chromium import launched
from tests.conftest import ServerUnderTest
from tests.deadlines import DEADLINE_S
from tests.forks import Forks
from tests.product import ROOT, Product, cloned_database, empty_product
from tests.publications import registers_of_one_year
from tests.serve.test_process import NOWHERE, serving
from tests.unit import report_cases

CLIENTS = 1500
EXAMPLES = ROOT / "docs" / "examples"
ID_FIELDS = ("response_id", "contact_id", "service_event_id")
TODAY = local_day(system_clock())
QUARTER = previous_quarter(TODAY)


@pytest.fixture(scope="module")
def address(
    forks: Forks,
    kafka_server: ServerUnderTest,
    postgres_server: ServerUnderTest,
    _templates: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of the front page of a product with a simulated quarter: published, closed, and changed since.

    One service runs on, so that the front page has a row of one that is ready and rows of others that do not answer.
    The others are stopped, because each would use some percent of a core. The one that is left ends with the module.
    """
    kafka_server.start()
    postgres_server.start()
    folder = tmp_path_factory.mktemp("product")
    with asyncio.Runner() as runner:
        context = _product(forks, kafka_server.address, postgres_server.address, _templates, folder)
        product = runner.run(context.__aenter__())
        try:
            runner.run(_publish_and_change(product))
            pages = {r.service: f"http://127.0.0.1:{runner.run(r.port())}" for r in product.replicas}
            services = ",".join(f"{name}={url}" for name, url in pages.items())
            for replica in product.replicas[1:]:
                runner.run(replica.kill())
            dsn, log = product.database.dsn("hva_reader"), folder / "serve.log"
            with serving(dsn, log, "tests.browser.patient", HVA_SERVE_SERVICES=services) as (_, port):
                yield f"http://127.0.0.1:{port}/"
        finally:
            runner.run(context.__aexit__(None, None, None))


@asynccontextmanager
async def _product(
    forks: Forks, kafka: str, postgres: str, templates: list[str], folder: Path
) -> AsyncIterator[Product]:
    async with (
        cloned_database(postgres, templates) as database,
        empty_product(forks, kafka, database, folder) as product,
    ):
        yield product


async def _publish_and_change(product: Product) -> None:
    """Load a quarter, say what people say of it, close it, and publish it again with late events."""
    product.config_dir = registers_of_one_year(product.folder / "config", TODAY)
    product.environment["HVA_PUBLISH_EVERY"] = "86400"
    await product.start_all()
    lines = list(stream(Options(first_day_after(QUARTER), days=92, clients=CLIENTS, counties=(COUNTY,))))
    await product.load(lines)
    await product.wait()
    await product.let_publish()
    narrative = product.folder / "narrative.md"
    narrative.write_text("**Chat** was used more.\n\n- a\n- b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n")
    hva(product, "narrative", QUARTER, "--objective", "ensikontakti", "--lang", "en", "--file", str(narrative))
    hva(product, "status-of", "ensilinja-loppuun-asti", QUARTER, "--as", "challenges", "--by", "ohjausryhmä")
    hva(product, "close", QUARTER, "--county", COUNTY)  # publishes it first
    await product.load(late_events(lines))
    await product.wait()
    await request_publication(product.connection().postgres_steward, COUNTY, int(QUARTER[:4]), DEADLINE_S)


def late_events(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Every hundredth answer, contact and service event once more, as another one."""
    for line in list(lines)[::100]:
        try:
            event = json.loads(line)
            name = next(name for name in ID_FIELDS if name in event["data"])
        except (ValueError, KeyError, TypeError, StopIteration):
            continue
        event["id"], event["data"][name] = f"{event['id']}-late", f"{event['data'][name]}-late"
        yield json.dumps(event).encode()


def hva(product: Product, *arguments: str) -> None:
    """Run a verb on the product."""
    own = {
        "HVA_KAFKA_BOOTSTRAP": product.kafka,
        "HVA_POSTGRES_URL": product.database.dsn("hva_steward"),
        "HVA_CONFIG_DIR": str(product.config_dir),
    }
    command = [sys.executable, "-m", "deploy.hva", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def address_without_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of pages whose database is away."""
    with serving(NOWHERE, tmp_path_factory.mktemp("serve") / "log") as (_, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The addresses of a report with everything that a report can have: comparisons, margins, few answers."""
    found, folder = {}, tmp_path_factory.mktemp("invented")
    for language in LANGUAGES:
        file = folder / f"{language}.html"
        file.write_text(render_html(report_cases.report(), language), encoding="utf-8")
        found[f"invented {language}"] = file.as_uri()
    return found


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def one_of_each(pages: dict[str, str]) -> dict[str, str]:
    """Every kind of page in one language, for tests whose result does not depend on the length of words."""
    fronts_and_errors = ("front page fi", "404", "503", "front page without database")
    names = (*fronts_and_errors, "report sv", "example report-2026Q1.en", "invented fi")
    return {name: pages[name] for name in names}


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    """Open only while the product needs no event loop and before tests of other modules, because Playwright keeps one
    running in this thread."""
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
    context.set_default_timeout(1000 * DEADLINE_S)  # 30 s without
    seen = Visit(context.new_page())
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    seen.page.on("console", lambda message: seen.complaints.append(message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    try:
        yield seen
    finally:
        context.close()
