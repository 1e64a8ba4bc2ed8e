"""The pages of a published county: what they show, in which language, and which headers every answer has."""

import json
from datetime import timedelta

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from deploy.serve.database import Database as Pool
from shared.health import Health, HealthServer
from shared.metrics import PipelineMetrics
from tests.product import Database
from tests.serve.conftest import COUNTY, NOW, OTHER, PUBLISHED, Serve, ShortReports, publish
from tests.store.readers import make_reader

REPORT = f"/report/{COUNTY}/2026Q1/"


def service(name: str, problem: str | None = None) -> HealthServer:
    """The pages of a service that has two dead letters and 1,200 waiting records."""
    registry, health = CollectorRegistry(), Health(("kafka",))
    metrics = PipelineMetrics(name, registry)
    metrics.lag("hva.feedback.v1", 0, 1000)
    metrics.lag("hva.feedback.v1", 1, 200)
    metrics.open_dead_letters({"schema": 2})
    metrics.freshness.observe(0.2, 100)
    if problem is None:
        health.set_ok("kafka")
    else:
        health.set_problem("kafka", problem)
    server = HealthServer(health, registry, "127.0.0.1", 0)
    server.start()
    return server


async def test_front_page_shows_publications_sources_and_links(published: Database, serve: Serve) -> None:
    ingest = await asyncpg.connect(published.dsn("hva_ingest"))
    await ingest.execute(
        "insert into report.freshness values ('oma-hame', 'urn:hva:oma-hame:survey', 'feedback', $1, 4321, 12, 3)",
        PUBLISHED,
    )
    await ingest.close()
    client = await serve(published.dsn("hva_reader"))
    text = await (await client.get("/fi")).text()
    for shown in (f'href="{REPORT}fi"', f'href="{REPORT}fi.csv"', "tammi–maaliskuu 2026", "25,0\u202f%", "60\u00a0min"):
        assert shown in text, shown
    for shown in ("urn:hva:oma-hame:survey", "4\u202f321", "2.4.2026 11.00"):
        assert shown in text, shown
    assert "2026Q2" not in text  # begun, but without figures
    english = await (await client.get("/en")).text()
    assert "4\u202f321" in english and "25.0\u202f%" in english and f'href="{REPORT}en.json"' in english


async def test_front_page_shows_the_state_of_each_service(published: Database, serve: Serve) -> None:
    good, bad = service("nps"), service("fcr", "does not answer: TimeoutError")
    addresses = {"nps": f"http://127.0.0.1:{good.port}", "fcr": f"http://127.0.0.1:{bad.port}"}
    client = await serve(published.dsn("hva_reader"), addresses | {"ingest": "http://127.0.0.1:9"})
    response = await client.get("/en")
    text = await response.text()
    good.stop()
    bad.stop()
    assert response.status == 200
    assert "2 of 3 services are not ready." in text
    assert text.count("Ready</span>") == 1 and text.count("Not ready</span>") == 1
    assert "kafka: does not answer: TimeoutError" in text and text.count("No answer</span>") == 1
    assert text.count(">1\u202f200</td>") == 2 and "0.25\u00a0s" in text
    assert text.count("The content of the event does not follow its schema") == 2


async def test_failed_publication_is_shown(published: Database, serve: Serve) -> None:
    owner = await asyncpg.connect(published.dsn("hva_migrate"))
    await owner.execute(
        "update report.publication set failed_at = $1, failure = 'OSError', hidden_levels = '{nps 2026-03 unit}'",
        PUBLISHED + timedelta(minutes=5),
    )
    await owner.close()
    text = await (await (await serve(published.dsn("hva_reader"))).get("/en")).text()
    assert "Failed publications: 1." in text and "The last attempt failed" in text and "nps 2026-03 unit" in text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("sv-FI,sv;q=0.9,en;q=0.8", "sv"),
        ("en", "en"),
        ("de, en;q=0.2, fi;q=0.7", "fi"),
        ("fi;q=0, sv;q=0.1", "sv"),
        ("", "fi"),
        ("*", "fi"),
        ("x" * 5000 + ";q=1,en;q=2;;;,,", "fi"),
        ("sv;q=" + "9" * 3000, "fi"),
    ],
)
async def test_language_is_that_which_the_browser_prefers(
    published: Database, serve: Serve, accepted: str, language: str
) -> None:
    client = await serve(published.dsn("hva_reader"))
    for path in ("/", "/no-such-page"):
        response = await client.get(path, headers={"Accept-Language": accepted})
        assert response.headers["Content-Language"] == language
        assert f'<html lang="{language}">' in await response.text()


async def test_report_in_each_form_is_read_once_for_each_publication(
    published: Database, serve: Serve, reports: ShortReports
) -> None:
    client = await serve(published.dsn("hva_reader"))
    page = await client.get(f"{REPORT}sv")
    assert (page.status, page.content_type, page.headers["Content-Language"]) == (200, "text/html", "sv")
    assert "answers: 120" in await page.text() and "sha256-" in page.headers["Content-Security-Policy"]
    for link in ('href="/sv"', f'href="{REPORT}fi"', f'href="{REPORT}en"', f'href="{REPORT}sv.csv"'):
        assert link in await page.text()
    for form, content_type, text in (
        ("md", "text/markdown", "answers: 120"),
        ("csv", "text/csv", "answers\r\n120\r\n"),
        ("json", "application/json", '{"answers": 120}'),
    ):
        response = await client.get(f"{REPORT}sv.{form}")
        assert (response.status, response.content_type, await response.text()) == (200, content_type, text)
        assert f'filename="{COUNTY}-2026Q1-sv.{form}"' in response.headers["Content-Disposition"]
    assert reports.read == {(COUNTY, "2026Q1"): 1}

    await publish(published, n=121, at=PUBLISHED + timedelta(minutes=1))
    assert "answers: 121" in await (await client.get(f"{REPORT}fi")).text()
    assert reports.read == {(COUNTY, "2026Q1"): 2}


async def test_report_is_read_again_after_a_minute(published: Database, serve: Serve, reports: ShortReports) -> None:
    """What people say of the quarter is no publication."""
    now = [NOW]
    client = await serve(published.dsn("hva_reader"), clock=lambda: now[0])
    for seconds, times in ((0, 1), (59, 1), (60, 2)):
        now[0] = NOW + timedelta(seconds=seconds)
        assert (await client.get(f"{REPORT}fi")).status == 200
        assert reports.read[COUNTY, "2026Q1"] == times


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/favicon.ico", 200),
        ("GET", f"{REPORT}en", 200),
        ("GET", f"{REPORT}en.json", 200),
        ("GET", "/livez", 200),
        ("GET", "/nothing", 404),
        ("POST", "/", 405),
        ("DELETE", f"{REPORT}en", 405),
        ("OPTIONS", "/en", 405),
        ("TRACE", "/en", 405),
    ],
)
async def test_every_answer_has_the_headers_and_no_cookie(
    published: Database, serve: Serve, method: str, path: str, status: int
) -> None:
    response = await (await serve(published.dsn("hva_reader"))).request(method, path)
    policy = response.headers["Content-Security-Policy"]
    assert response.status == status
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Server"] == "hva"
    assert "Set-Cookie" not in response.headers
    assert (response.headers.get("Allow") == "GET,HEAD") == (status == 405)


async def test_head_answers_as_get_without_the_body(published: Database, serve: Serve) -> None:
    client = await serve(published.dsn("hva_reader"))
    for path in (f"{REPORT}fi", "/nothing", f"{REPORT}fi.csv"):
        head, get = await client.head(path), await client.get(path)
        assert (head.status, head.headers["Content-Length"]) == (get.status, get.headers["Content-Length"])
        assert await head.read() == b"" and await get.read()


async def test_reader_of_one_county_shows_that_county_alone(published: Database, serve: Serve) -> None:
    await publish(published, OTHER)
    client = await serve(published.dsn(await make_reader(published, COUNTY)))
    front = await (await client.get("/en")).text()
    assert REPORT in front and OTHER not in front
    assert (await client.get(f"{REPORT}en")).status == 200
    assert (await client.get(f"/report/{OTHER}/2026Q1/en")).status == 404
    everyone = await serve(published.dsn("hva_reader"))
    assert (await everyone.get(f"/report/{OTHER}/2026Q1/en")).status == 200


async def test_ready_page_has_the_form_of_the_services(published: Database, serve: Serve) -> None:
    response = await (await serve(published.dsn("hva_reader"))).get("/readyz")
    assert json.loads(await response.text()) == {"ready": True, "troubles": {}, "warnings": {}}


async def test_transactions_are_read_only_and_bounded(database: Database) -> None:
    pool = Pool(database.dsn("hva_reader"))
    await pool.open()
    async with pool.transaction() as connection:
        settings = [
            await connection.fetchval(f"show {name}") for name in ("transaction_read_only", "statement_timeout")
        ]
        isolation = await connection.fetchval("show transaction_isolation")
    await pool.close()
    assert (settings, isolation) == (["on", "15s"], "repeatable read")
