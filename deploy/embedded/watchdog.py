"""Keeps one service running: starts it, checks readiness, restarts it with growing delays when it ends."""

import asyncio
import logging
from collections.abc import Callable

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.ports import LOOPBACK, is_free
from deploy.embedded.run_paths import RunPaths

_log = logging.getLogger("hva.supervisor")
_MIN_DELAY, _MAX_DELAY = 0.5, 30.0  # seconds before a restart
_STABLE_AFTER = 60.0  # seconds of uptime after which the delay is reset
_POLL_INTERVAL = 0.1  # seconds
_MAX_STARTS = 2  # starts within which a service must become ready


class Watchdog:
    """Keeps one service running until `stop`.

    `launch` returns how to start it on a port. `choose_port` returns another port when the current one is taken.
    `on_start` is called after every start.
    """

    def __init__(
        self,
        paths: RunPaths,
        name: str,
        launch: Callable[[int], process.Launch],
        choose_port: Callable[[], int],
        on_start: Callable[[], None],
    ) -> None:
        self.name = name
        self.port = choose_port()
        self.starts = 0
        self._paths, self._launch, self._choose_port, self._on_start = paths, launch, choose_port, on_start
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process is not None:
            await process.stop(self._paths, self._launch(self.port), self._process)

    async def wait_until_ready(self) -> None:
        """Returns once the service is ready. Raises EmbeddedError when it keeps ending instead."""
        log = self._paths.log(self.name)
        while not await is_ready(self.port):  # polling: another process cannot set an event
            if self.starts > _MAX_STARTS:
                reason = process.last_log_line(log)
                raise EmbeddedError(f"The service {self.name} ends at its start: {reason} (see {log})")
            await asyncio.sleep(_POLL_INTERVAL)

    async def _keep_running(self) -> None:
        loop, delay = asyncio.get_running_loop(), _MIN_DELAY
        while True:
            if not is_free(self.port):
                self.port = self._choose_port()
            started_at = loop.time()
            self._process = await process.spawn(self._paths, self._launch(self.port))
            self.starts += 1
            self._on_start()
            code = await self._process.wait()
            delay = _MIN_DELAY if loop.time() - started_at > _STABLE_AFTER else delay
            _log.warning("%s ended with exit code %s; restart in %.1f s", self.name, code, delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _MAX_DELAY)


async def is_ready(port: int, path: str = "/readyz") -> bool:
    """Whether the service answers 200."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]
