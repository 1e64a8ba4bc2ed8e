"""`make compose-test`: docker-compose.yml really started, looked at, hurt, healed, stopped and taken away.

It has a name, ports, secrets and registers of its own, so it disturbs no stack that runs here. Images that it built
stay, as a cache, with the tag `compose-test`; nothing else does.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any, Final

from shared.registers.calendar import local_day
from tests.compose import course, faults, monitoring
from tests.compose.recomputation import Rows, compare, recompute
from tests.compose.resolved import PROJECT
from tests.compose.stack import Stack, VerbError

_DAYS, _CLIENTS = "45", "700"
_FURTHER: Final = 5  # batches that the gateway gets while things are killed and scaled
_BATCH: Final = 150
_began = time.monotonic()


def step(what: str, do: Callable[[], Any]) -> Any:
    """Do something and say how long it took."""
    started = time.monotonic()
    result = do()
    print(
        f"  {time.monotonic() - started:6.1f} s  {what}{f': {result}' if isinstance(result, str) else ''}", flush=True
    )
    return result


def quietly(do: Callable[..., str], *words: str) -> None:
    """Do it; what it prints is of no interest when it works."""
    do(*words)


def simulated(seed: int, until: str) -> list[bytes]:
    """The lines of the simulator, as the one in the stack makes them."""
    words = ["simulate", "--days", _DAYS, "--clients", _CLIENTS, "--until", until, "--seed", str(seed)]
    done = subprocess.run([sys.executable, "-m", "deploy.hva", *words], cwd=PROJECT, check=True, capture_output=True)
    return done.stdout.splitlines()


def further(until: str) -> list[list[bytes]]:
    """Events that the history lacks, in batches."""
    lines = [line for line in simulated(2, until) if line.startswith(b"{") and line.endswith(b"}")]
    return [lines[_BATCH * part :][:_BATCH] for part in range(_FURTHER)]


def main() -> None:
    """Run all of it; exit 1 with a sentence at the first thing that is not so."""
    now = datetime.now(UTC)
    until = (local_day(now) - timedelta(days=3)).isoformat()
    stack = Stack(DEMO_DAYS=_DAYS, DEMO_CLIENTS=_CLIENTS, DEMO_UNTIL=until, DEMO_RATE="0")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
        history, batches = simulated(1, until), further(until)
        whole = beside.submit(recompute, history + [line for batch in batches for line in batch], stack.config, now)
        try:
            run(stack, batches, whole, now, len(history))
        except (VerbError, subprocess.TimeoutExpired) as error:
            sys.stderr.write(f"{error}\n{stack.compose('ps', '--all', check=False)}\n")
            sys.stderr.write(stack.compose("logs", "--tail", "8", check=False)[-6000:])
            raise SystemExit(f"make compose-test: {str(error).splitlines()[0]}") from None
        finally:
            whole.cancel()
            step("taken away: nothing is left but the images of tag compose-test", stack.end)
    print(f"docker-compose.yml holds what it promises ({time.monotonic() - _began:.0f} s).")


def run(stack: Stack, batches: list[list[bytes]], whole: "Future[Rows]", now: datetime, events: int) -> None:
    """The course, one promise after the other."""
    step("images built", lambda: stack.compose("build", limit=900) and " ".join(course.image_sizes()))
    started = time.monotonic()
    step(
        f"up --wait with {events} events of the demo",
        lambda: quietly(stack.compose, "--profile", "demo", "up", "--wait"),
    )
    course.must(time.monotonic() - started < 240, "it took more than four minutes to be healthy")
    step("hardened, as it runs", lambda: course.hardened(stack))
    step("an image holds one service", lambda: course.only_its_own(stack))
    step("who has no token is refused", lambda: course.must(stack.send(batches[0], "x" * 43) == 401, "not refused"))
    step("Prometheus finds all targets up and no lag", lambda: course.watched(stack))
    step("alerts are quiet", lambda: f"{course.quiet(stack)} alerting rules")
    step("rules tested by promtool", lambda: monitoring.rules_tested(stack))
    step("every query of every panel finds series", lambda: monitoring.panels_show(stack))
    step("nps killed", lambda: course.killed(stack, batches[0]))
    step("fcr killed and replaced", lambda: course.replaced(stack, batches[1]))
    step("Kafka killed and replaced", lambda: course.replaced_kafka(stack, batches[2]))
    step("2 replicas of nps", lambda: course.scaled(stack, 2, batches[3]))
    step("3 replicas of nps", lambda: course.scaled(stack, 3, batches[4]))
    step("one replica again", lambda: quietly(stack.up, "--no-deps", "--scale", "nps=1", "nps"))
    step("a wrong register and an empty password", lambda: faults.wrong_files(stack))
    step("empty tokens", lambda: faults.empty_tokens(stack))
    step("a missing secret", lambda: faults.missing_secret(stack))
    step("Kafka and PostgreSQL come late", lambda: faults.late_servers(stack))
    step("everything counted", lambda: quietly(stack.compose, "run", "--rm", "hva", "wait", "--timeout", "90"))
    rows, wrong = step("figures read", lambda: asyncio.run(compare(whole.result(), stack.steward, now)))
    course.must(not wrong, "figures differ from the recomputation: " + "; ".join(wrong[:10]))
    course.must(rows > 10_000, f"only {rows} rows of figures were compared")
    print(f"           {rows} rows of figures are those of the recomputation")
    step("alerts are still quiet", lambda: course.quiet(stack) and None)
    step("no secret in logs or environments", lambda: course.discreet(stack))
    took = step("stopped", lambda: course.stopped(stack))
    print("           " + ", ".join(f"{service} {seconds:.1f} s" for service, seconds in took.items()))


if __name__ == "__main__":
    main()
