"""The health check of a container: it reports what the service says, or that the service does not answer."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from shared.health import LOOP_SILENCE_S, Health, HealthServer
from shared.probe import problem


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(("kafka",), clock)


@pytest.fixture
def port(health: Health) -> Iterator[int]:
    server = HealthServer(health, CollectorRegistry(), "127.0.0.1", 0)
    server.start()
    yield server.port
    server.stop()


def test_probe_reports_ready_or_what_is_missing(port: int, health: Health) -> None:
    assert "not started yet" in str(problem(port))
    health.set_ok("kafka")
    assert problem(port) is None
    health.set_problem("kafka", "does not answer: TimeoutError")
    assert '"kafka": "does not answer: TimeoutError"' in str(problem(port))


def test_stuck_loop_is_reported_although_the_service_was_ready(port: int, health: Health, clock: Clock) -> None:
    health.set_ok("kafka")
    clock.now = LOOP_SILENCE_S + 1
    assert problem(port) == '{"live": false}'


def test_service_that_does_not_answer_is_reported() -> None:
    assert problem(9) == "/livez does not answer: ConnectionRefusedError"
