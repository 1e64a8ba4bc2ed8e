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
def env(health: Health) -> Iterator[dict[str, str]]:
    server = HealthServer(health, CollectorRegistry(), "127.0.0.1", 0)
    server.start()
    yield {"HVA_METRICS_PORT": str(server.port)}
    server.stop()


def test_probe_reports_ready_or_what_is_missing(env: dict[str, str], health: Health) -> None:
    assert "not started yet" in str(problem(env))
    health.set_ok("kafka")
    assert problem(env) is None
    health.set_problem("kafka", "does not answer: TimeoutError")
    assert '"kafka": "does not answer: TimeoutError"' in str(problem(env))


def test_stuck_loop_is_reported_although_the_service_was_ready(
    env: dict[str, str], health: Health, clock: Clock
) -> None:
    health.set_ok("kafka")
    clock.now = LOOP_SILENCE_S + 1
    assert problem(env) == '{"live": false}'


def test_service_that_does_not_answer_is_reported() -> None:
    assert problem({"HVA_METRICS_PORT": "9"}) == "/livez does not answer: ConnectionRefusedError"
