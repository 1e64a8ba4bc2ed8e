"""`make compose-test`: starts docker-compose.yml, checks it, breaks and repairs it, stops and removes it.

It uses its own project name, ports, secrets and registers, so it disturbs no other stack on this machine. The images
it builds stay as a cache with the tag `compose-test`; nothing else stays.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from typing import Any, Final

from shared.registers.calendar import local_day
from tests.compose import faults, monitoring, scenario
from tests.compose.recomputation import Rows, compare, recompute
from tests.compose.resolved import PROJECT
from tests.compose.stack import CheckError, Stack

_DAYS, _CLIENTS = "45", "2500"
_BATCHES: Final = 5  # batches sent to the gateway while services are killed and scaled
_BATCH_SIZE: Final = 150
_STARTED_AT = time.monotonic()


def step(title: str, run: Callable[[], Any]) -> Any:
    """Run one step and print how long it took."""
    started = time.monotonic()
    result = run()
    print(
        f"  {time.monotonic() - started:6.1f} s  {title}{f': {result}' if isinstance(result, str) else ''}", flush=True
    )
    return result


def discard_output(command: Callable[..., str], *arguments: str) -> None:
    """Run a command and drop its output."""
    command(*arguments)


def simulated(seed: int, until: str) -> list[bytes]:
    """The simulator's lines, the same as in the stack."""
    arguments = ["simulate", "--days", _DAYS, "--clients", _CLIENTS, "--until", until, "--seed", str(seed)]
    done = subprocess.run(
        [sys.executable, "-m", "deploy.hva", *arguments], cwd=PROJECT, check=True, capture_output=True
    )
    return done.stdout.splitlines()


def later_events(until: str) -> list[list[bytes]]:
    """Batches of events that are not in the history."""
    lines = [line for line in simulated(2, until) if line.startswith(b"{") and line.endswith(b"}")]
    return [lines[_BATCH_SIZE * batch :][:_BATCH_SIZE] for batch in range(_BATCHES)]


def _last_day(now: datetime) -> date:
    """The last day of the events."""
    return local_day(now) - timedelta(days=3)


def main() -> None:
    """Run all steps; exit 1 with one sentence at the first failed check."""
    now = datetime.now(UTC)
    until = _last_day(now).isoformat()
    stack = Stack(DEMO_DAYS=_DAYS, DEMO_CLIENTS=_CLIENTS, DEMO_UNTIL=until, DEMO_RATE="0")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        history, batches = simulated(1, until), later_events(until)
        expected = executor.submit(
            recompute, history + [line for batch in batches for line in batch], stack.config, now
        )
        try:
            run(stack, batches, expected, now, len(history))
        except (CheckError, subprocess.TimeoutExpired) as error:
            sys.stderr.write(f"{error}\n{stack.compose('ps', '--all', check=False)}\n")
            sys.stderr.write(stack.compose("logs", "--tail", "8", check=False)[-6000:])
            raise SystemExit(f"make compose-test: {str(error).splitlines()[0]}") from None
        finally:
            expected.cancel()
            step("removed: only the images with tag compose-test are left", stack.end)
    print(f"docker-compose.yml passes all checks ({time.monotonic() - _STARTED_AT:.0f} s).")


def run(stack: Stack, batches: list[list[bytes]], expected: "Future[Rows]", now: datetime, events: int) -> None:
    """The scenario: one check after the other."""
    step("images built", lambda: stack.compose("build", limit=900) and " ".join(scenario.image_sizes()))
    started = time.monotonic()
    step(
        f"up --wait with {events} events of the demo",
        lambda: discard_output(stack.compose, "--profile", "demo", "up", "--wait"),
    )
    scenario.require(time.monotonic() - started < 240, "the stack took more than four minutes to become healthy")
    step("running containers are hardened", lambda: scenario.check_hardening(stack))
    step("each image holds one service", lambda: scenario.check_image_contents(stack))
    step(
        "a wrong token is refused",
        lambda: scenario.require(stack.send(batches[0], "x" * 43) == 401, "the gateway does not refuse a wrong token"),
    )
    step("Prometheus finds all targets up and no lag", lambda: scenario.check_monitoring(stack))
    step("no alert fires", lambda: f"{scenario.check_no_alerts(stack)} alerting rules")
    step("promtool tests the rules", lambda: monitoring.check_rules(stack))
    publish = ("run", "--rm", "hva", "publish", "--timeout", "240")
    step("figures published", lambda: discard_output(stack.compose, *publish))
    step("the pages show services and reports", lambda: scenario.check_pages(stack))
    step("every panel query finds series", lambda: monitoring.check_panels(stack))
    step("nps killed", lambda: scenario.kill_service(stack, batches[0]))
    step("fcr killed and replaced", lambda: scenario.replace_service(stack, batches[1]))
    step("Kafka killed and replaced", lambda: scenario.replace_kafka(stack, batches[2]))
    step("2 replicas of nps", lambda: scenario.scale_service(stack, 2, batches[3]))
    step("3 replicas of nps", lambda: scenario.scale_service(stack, 3, batches[4]))
    step("one replica again", lambda: discard_output(stack.up, "--no-deps", "--scale", "nps=1", "nps"))
    step("a wrong register and an empty password", lambda: faults.wrong_files(stack))
    step("empty tokens", lambda: faults.empty_tokens(stack))
    step("a missing secret", lambda: faults.missing_secret(stack))
    step("Kafka and PostgreSQL start late", lambda: faults.late_servers(stack))
    step("all events processed", lambda: discard_output(stack.compose, "run", "--rm", "hva", "wait", "--timeout", "90"))
    rows, wrong = step("figures read", lambda: asyncio.run(compare(expected.result(), stack.steward, now)))
    scenario.require(not wrong, "figures differ from the recomputation: " + "; ".join(wrong[:10]))
    scenario.require(rows > 10_000, f"only {rows} rows of figures were compared")
    print(f"           {rows} rows of figures equal the recomputation")
    step("still no alert fires", lambda: scenario.check_no_alerts(stack) and None)
    step("no secret in logs or environments", lambda: scenario.check_secrets_hidden(stack))
    durations = step("stopped", lambda: scenario.stop_all(stack))
    print("           " + ", ".join(f"{service} {seconds:.1f} s" for service, seconds in durations.items()))


if __name__ == "__main__":
    main()
