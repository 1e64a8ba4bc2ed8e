"""Addresses of nothing, however long or hostile: a page in the language says so, and repeats nothing of the address."""

import asyncio
import logging

import pytest

from tests.product import Database
from tests.serve.conftest import COUNTY, Client, Serve

HOSTILE = [
    "/report/oma-hame/2026Q1/de",
    "/report/oma-hame/2026Q1/fi.pdf",
    "/report/oma-hame/2026Q1/fi.html",
    "/report/oma-hame/2026Q1/fi/",
    "/report/oma-hame/2026Q1",
    "/report/oma-hame/2026Q5/fi",
    "/report/oma-hame/2026q1/fi",
    "/report/oma-hame/%D9%A2%D9%A0%D9%A2%D9%A6Q1/fi",
    "/report/oma-hame/2026Q3/fi",  # not begun
    "/report/oma-hame/2025Q4/fi",  # a year without a publication
    "/report/oma-hame/0000Q1/fi",
    "/report/no-such-county/2026Q1/fi",
    "/report/OMA-HAME/2026Q1/fi",
    "/report/oma-hame'--/2026Q1/fi",
    "/report/oma-hame%00/2026Q1/fi",
    "/report/..%2f..%2fetc%2fpasswd/2026Q1/fi",
    "/report/%2e%2e/2026Q1/fi",
    "/report/{{7*7}}/2026Q1/fi",
    "/<script>alert(1)</script>",
    "/%3Cscript%3Ealert(1)%3C/script%3E",
    "/%ff%fe",
    "/%",
    "//elsewhere.example/",
    "/../../../etc/passwd",
    "/report/" + "a" * 6000 + "/2026Q1/fi",
    "/" + "%C3%A4" * 1000,
    "/" + "/" * 4000,
    "/fi/../en/style.css",
    "/static/style.css",
    "/metrics",
]


async def raw(client: Client, path: str) -> tuple[int, str]:
    """Status and body of a request whose address reaches the server exactly as written."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Language: en\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split(" ", 2)[1]), body


async def test_unknown_addresses_are_not_found_and_not_repeated(published: Database, serve: Serve) -> None:
    client = await serve(published.dsn("hva_reader"))
    assert (await client.get(f"/report/{COUNTY}/2026Q1/fi")).status == 200
    for path in HOSTILE:
        status, body = await raw(client, path)
        assert status == 404, (path, status)
        assert "<title>" in body and "alert(" not in body and "passwd" not in body and "49" not in body, path


@pytest.mark.parametrize("path", ["/" + "a" * 20_000, "/\x01", "x y z", "/a b"])
async def test_requests_that_are_not_http_are_refused(published: Database, serve: Serve, path: str) -> None:
    client = await serve(published.dsn("hva_reader"))
    status, body = await raw(client, path)
    assert status == 400 and "a" * 1000 not in body
    assert (await client.get("/livez")).status == 200


async def test_log_names_the_page_and_nothing_of_the_request(
    published: Database, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    client = await serve(published.dsn("hva_reader"))
    with caplog.at_level(logging.INFO, "hva.serve"):
        await client.get(f"/report/{COUNTY}/2026Q1/fi?q=010594Y9032", headers={"User-Agent": "010594Y9032"})
        await client.get("/010594Y9032")
        await client.patch("/fi", data="SECRET")
    lines = [vars(record) for record in caplog.records if record.name == "hva.serve"]
    assert "010594" not in str(lines) and "SECRET" not in str(lines)
    assert [(line["method"], line["page"], line["status"]) for line in lines] == [
        ("GET", "/report/{county}/{quarter}/{file}", 200),
        ("GET", "none", 404),
        ("other", "none", 405),
    ]
    assert all(line["ms"] >= 0 for line in lines)
