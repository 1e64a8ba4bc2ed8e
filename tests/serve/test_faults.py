"""The database or a service is away: every request is answered in time, says what is missing, and recovers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientResponse

from tests.conftest import ServerUnderTest
from tests.product import Database
from tests.replica import wait_until
from tests.serve.conftest import COUNTY, Client, Serve

REPORT = f"/report/{COUNTY}/2026Q1/en"
PROMISED_S = 10.0
"""Every request is answered within this time."""


async def status(client: Client, path: str) -> int:
    return (await client.get(path)).status


async def answered_in_time(client: Client, path: str) -> tuple[ClientResponse, str]:
    started = time.monotonic()
    response = await client.get(path)
    assert time.monotonic() - started < PROMISED_S, path
    return response, await response.text()


async def assert_says_that_database_is_away(client: Client) -> None:
    front, text = await answered_in_time(client, "/en")
    assert front.status == 503 and "The database does not answer." in text and "Publications" not in text
    report, text = await answered_in_time(client, REPORT)
    assert (report.status, report.headers["Retry-After"]) == (503, "5") and "not available now" in text
    assert (await answered_in_time(client, "/readyz"))[0].status == 503
    assert await status(client, "/livez") == 200
    assert (await answered_in_time(client, "/nothing"))[0].status == 404


async def assert_recovers(client: Client) -> None:
    async def is_back() -> bool:
        return await status(client, "/readyz") == await status(client, REPORT) == await status(client, "/en") == 200

    await wait_until(is_back, "the pages are back")


async def test_database_stops_and_comes_back(
    published: Database, serve: Serve, postgres_server: ServerUnderTest
) -> None:
    client = await serve(published.dsn("hva_reader"))
    assert await status(client, REPORT) == 200
    await asyncio.to_thread(postgres_server.stop)
    await assert_says_that_database_is_away(client)
    late = await serve(published.dsn("hva_reader"))  # starts meanwhile
    await assert_says_that_database_is_away(late)
    await asyncio.to_thread(postgres_server.start)
    await assert_recovers(client)
    await assert_recovers(late)


async def test_database_that_hangs_counts_as_away(
    published: Database, serve: Serve, postgres_server: ServerUnderTest
) -> None:
    client = await serve(published.dsn("hva_reader"))
    assert await status(client, REPORT) == 200
    with postgres_server.paused():
        await assert_says_that_database_is_away(client)
    await assert_recovers(client)


async def test_schema_that_is_not_there_yet_counts_as_away(postgres: str, serve: Serve) -> None:
    client = await serve(postgres)
    assert await status(client, REPORT) == 503 and await status(client, "/en") == 503


@asynccontextmanager
async def silent_service() -> AsyncIterator[str]:
    """A service that accepts connections and never answers."""
    end = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await end.wait()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    end.set()
    server.close()


async def test_services_that_hang_or_answer_nonsense_are_away(published: Database, serve: Serve) -> None:
    other_pages = await serve(published.dsn("hva_reader"))
    async with silent_service() as silent:
        services = {
            "nps": silent,
            "fcr": f"http://{other_pages.host}:{other_pages.port}",  # has no /metrics
            "ingest": "http://no-such-host.invalid:9000",
            "segments": "http://127.0.0.1:9",
        }
        client = await serve(published.dsn("hva_reader"), services)
        response, text = await answered_in_time(client, "/en")
    assert response.status == 200 and text.count("No answer</span>") == 4
    assert "4 of 4 services are not ready." in text


async def test_error_of_a_report_is_a_page_without_details(
    published: Database, serve: Serve, reports: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: object) -> None:
        raise ValueError("oma-hame 4711")

    monkeypatch.setattr(reports, "_read", fail)
    client = await serve(published.dsn("hva_reader"))
    response = await client.get(REPORT)
    text = await response.text()
    assert response.status == 500 and "The page cannot be shown" in text and "4711" not in text


async def test_slow_report_is_finished_for_the_next_request(
    published: Database, serve: Serve, reports: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is answered in time although the report is not ready; the work is not lost, and not done twice."""
    may_end, begun = asyncio.Event(), []

    async def slow(*arguments: object) -> int:
        begun.append(arguments)
        await may_end.wait()
        return 120

    monkeypatch.setattr(reports, "_read", slow)
    client = await serve(published.dsn("hva_reader"))
    first, second = await asyncio.gather(answered_in_time(client, REPORT), answered_in_time(client, REPORT))
    assert (first[0].status, second[0].status) == (503, 503)
    may_end.set()
    assert "answers: 120" in await (await client.get(REPORT)).text()
    assert len(begun) == 1
