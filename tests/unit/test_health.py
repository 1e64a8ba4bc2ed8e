"""Health reports every part and a blocked event loop; its pages; and the periods that gauges show."""

import email
import json
import socket
import urllib.error
import urllib.request
from datetime import date

import pytest
from prometheus_client import CollectorRegistry, Gauge

from shared.gauges import shown_periods
from shared.health import LOOP_SILENCE_S, Health, HealthServer
from shared.metrics import BulkHistogram
from tests.deadlines import DEADLINE_S


def test_ready_when_every_part_is_fine() -> None:
    health = Health(("postgres", "kafka"))
    assert set(health.problems()) == {"postgres", "kafka"}
    assert health.set_ok("kafka") and not health.set_ok("kafka")  # True only when the state changes
    assert not health.ready()
    health.set_ok("postgres")
    assert health.ready()
    assert health.set_problem("postgres", "does not answer")
    assert health.problems() == {"postgres": "does not answer"}


def test_problem_expires_if_it_is_not_reported_again() -> None:
    now = 0.0
    health = Health((), monotonic=lambda: now)
    health.set_problem("commit", "fails", expires_in_s=10)
    assert health.problems() == {"commit": "fails"}
    now = 11.0
    assert health.ready()
    health.set_problem("commit", "fails")
    now = 1e9
    assert not health.ready(), "a problem without an expiry remains"


def test_live_while_the_event_loop_runs() -> None:
    now = 0.0
    health = Health((), monotonic=lambda: now)
    now = LOOP_SILENCE_S - 1
    assert health.live()
    now = LOOP_SILENCE_S + 1
    assert not health.live()
    health.tick()
    assert health.live()


def test_ok_state_expires() -> None:
    now = 0.0
    health = Health(("postgres",), monotonic=lambda: now)
    health.set_ok("postgres", 12.0)
    now = 12.0
    assert health.ready()
    now = 13.0
    assert health.problems() == {"postgres": "state unknown: the last probe is overdue by 1 s"}
    assert not health.set_ok("postgres", 12.0) and health.ready()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_S) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def head(port: int, path: str) -> tuple[int, str, str, bytes]:
    """Return the status, content type, content length and body of the response to HEAD."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"HEAD {path} HTTP/1.0\r\n\r\n".encode())
        with connection.makefile("rb") as response:
            status = int(response.readline().split()[1])
            headers = email.message_from_binary_file(response)
    body = headers.get_payload()
    assert isinstance(body, str)
    return status, headers["Content-Type"], headers["Content-Length"], body.encode()


def test_health_server_serves_its_pages_for_get_and_head() -> None:
    registry, health = CollectorRegistry(), Health(("kafka",))
    Gauge("hva_nps_score", "Score.", ["county"], registry=registry).labels("a").set(29)
    server = HealthServer(health, registry, "127.0.0.1", 0)
    server.start()
    try:
        assert get(server.port, "/livez")[0] == 200
        status, body = get(server.port, "/readyz")
        assert (status, json.loads(body)["troubles"]) == (503, {"kafka": "not started yet"})
        health.set_ok("kafka")
        assert get(server.port, "/readyz?verbose")[0] == 200
        assert "hva_nps_score{" in get(server.port, "/metrics")[1]
        assert get(server.port, "/")[0] == 404
        for path in ("/livez", "/readyz", "/metrics", "/"):
            status, body = get(server.port, path)
            assert head(server.port, path)[0] == status
            assert head(server.port, path)[2:] == (str(len(body.encode())), b"")
    finally:
        server.stop()


def test_bulk_histogram_counts_each_observation() -> None:
    registry = CollectorRegistry()
    histogram = BulkHistogram("hva_freshness_seconds", "Text.", registry)
    histogram.observe(0.05, 3)
    histogram.observe(0.0501)
    histogram.observe(1e9, 2)
    assert registry.get_sample_value("hva_freshness_seconds_bucket", {"le": "0.05"}) == 3
    assert registry.get_sample_value("hva_freshness_seconds_bucket", {"le": "0.1"}) == 4
    assert registry.get_sample_value("hva_freshness_seconds_bucket", {"le": "300.0"}) == 4
    assert registry.get_sample_value("hva_freshness_seconds_count") == 6


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 1, 1), ["2026-01", "2025-12", "2026Q1", "2025Q4"]),
        (date(2026, 3, 31), ["2026-03", "2026-02", "2026Q1", "2025Q4"]),
        (date(2026, 11, 22), ["2026-11", "2026-10", "2026Q4", "2026Q3"]),
    ],
)
def test_shown_periods_are_the_current_and_the_previous(today: date, expected: list[str]) -> None:
    names = ["month_current", "month_previous", "quarter_current", "quarter_previous"]
    assert shown_periods(today) == dict(zip(expected, names, strict=True))
