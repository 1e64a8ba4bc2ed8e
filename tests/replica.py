"""One running process of a service, and functions that wait for its state."""

import asyncio
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deadlines import DEADLINE_S
from tests.forks import Fork


@dataclass
class Replica:
    """One running service process."""

    service: str
    process: Fork
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    async def ended(self, within: float = DEADLINE_S) -> int:
        """Wait for the end of the process; return its exit code."""
        return await asyncio.wait_for(self.process.wait(), within)

    async def kill(self) -> None:
        """End the process with SIGKILL."""
        if self.process.returncode is None:
            self.signal(signal.SIGKILL)
        await self.ended()

    async def probe(self, path: str = "/readyz") -> tuple[int, dict[str, Any] | str]:
        """Status and body of a health page; (0, '') while the service does not listen."""
        return await asyncio.to_thread(_get, f"http://127.0.0.1:{await self.port()}{path}")

    async def port(self) -> int:
        """The port of the health server, from the log."""
        return await self._logged_port("started")

    async def gateway(self) -> str:
        """The URL of the gateway."""
        return f"http://127.0.0.1:{await self._logged_port('the gateway listens')}/events"

    async def _logged_port(self, text: str) -> int:
        def logged() -> int | None:
            ended = self.process.returncode is not None  # read first: what the process wrote is in the log then
            lines = self.log.read_text().splitlines()
            for line in lines:
                if f'"{text}"' in line:
                    return int(json.loads(line)["port"])
            if ended:
                pytest.fail(f"{self.service} ended: {' '.join(lines[-5:])}")
            return None

        port: int = await wait_until(logged, f"{self.service} logs: {text}")
        return port


def _get(url: str) -> tuple[int, dict[str, Any] | str]:
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
    except OSError:
        return 0, ""


async def wait_until(condition: Any, what: str, within: float = DEADLINE_S) -> Any:
    """Wait until a condition (sync or async) returns a true value, and return it. Fails at the deadline.

    Many conditions ask a service or PostgreSQL, so it is checked less often the longer it takes.
    """
    deadline, pause = asyncio.get_running_loop().time() + within, 0.02
    while True:
        got = condition()
        if asyncio.iscoroutine(got):
            got = await got
        if got:
            return got
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"not within {within} s: {what}")
        await asyncio.sleep(pause)
        pause = min(1.2 * pause, 0.2)


async def wait_until_available(replicas: Sequence[Replica], within: float = DEADLINE_S) -> None:
    """Wait until no replica reports anything as unavailable on /readyz, and check that /livez is 200."""
    await _wait_for_troubles(replicas, set(), within)


async def wait_until_unavailable(replicas: Sequence[Replica], *parts: str, within: float = DEADLINE_S) -> None:
    """Wait until all replicas report exactly these parts as unavailable on /readyz, and check that /livez is 200."""
    await _wait_for_troubles(replicas, set(parts), within)


async def _wait_for_troubles(replicas: Sequence[Replica], parts: set[str], within: float) -> None:
    async def wait_for(replica: Replica) -> None:
        async def is_reported() -> bool:
            status, body = await replica.probe()
            assert isinstance(body, dict)
            return status == (503 if parts else 200) and set(body["troubles"]) == parts

        await wait_until(is_reported, f"{replica.service} reports {parts or 'nothing'} as unavailable", within)
        assert (await replica.probe("/livez"))[0] == 200

    await asyncio.gather(*map(wait_for, replicas))
