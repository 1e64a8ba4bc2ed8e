"""The health check of a container: says what the service says, and that it does not answer."""

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


def test_ready_or_what_is_missing(env: dict[str, str], health: Health) -> None:
    assert "not started yet" in str(problem(env))
    health.set_ok("kafka")
    assert problem(env) is None
    health.set_problem("kafka", "does not answer: TimeoutError")
    assert '"kafka": "does not answer: TimeoutError"' in str(problem(env))


def test_a_loop_that_is_stuck_is_told_though_all_was_well(env: dict[str, str], health: Health, clock: Clock) -> None:
    health.set_ok("kafka")
    clock.now = LOOP_SILENCE_S + 1
    assert problem(env) == '{"live": false}'


def test_nobody_there() -> None:
    assert problem({"HVA_METRICS_PORT": "9"}) == "/livez does not answer: ConnectionRefusedError"
