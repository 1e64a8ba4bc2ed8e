"""One service kept up: started, asked whether it is ready, started again with growing pauses when it ends."""

import asyncio
import logging
from collections.abc import Callable

from deploy.embedded import process
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.ports import LOOPBACK, is_free
from deploy.embedded.run_paths import RunPaths

_log = logging.getLogger("hva.supervisor")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a service is started again
_CALM = 60.0  # seconds of life after which the pauses start over
_POLL = 0.1  # seconds
_TRIES = 2  # starts that a service is given to become ready at all


class Watchdog:
    """Keeps one service up until it is stopped.

    `launch` says how to start it on a port; `choose_port` gives another port when the present one was taken;
    `changed` is called after every start.
    """

    def __init__(
        self,
        paths: RunPaths,
        name: str,
        launch: Callable[[int], process.Launch],
        choose_port: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.port = choose_port()
        self.starts = 0
        self._places, self._launch, self._choose_port, self._changed = paths, launch, choose_port, changed
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def metrics(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def begin(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._process is not None:
            await process.stop(self._places, self._launch(self.port), self._process)

    async def until_ready(self) -> None:
        """Returns once the service says it is ready. Raises EmbeddedError when it keeps ending instead."""
        log = self._places.log(self.name)
        while not await is_ready(self.port):  # another process: nothing would set an event
            if self.starts > _TRIES:
                words = process.last_words(log)
                raise EmbeddedError(f"The service {self.name} ends at its start: {words} (see {log})")
            await asyncio.sleep(_POLL)

    async def _keep(self) -> None:
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
        while True:
            if not is_free(self.port):
                self.port = self._choose_port()
            begun = loop.time()
            self._process = await process.spawn(self._places, self._launch(self.port))
            self.starts += 1
            self._changed()
            code = await self._process.wait()
            pause = _FIRST_PAUSE if loop.time() - begun > _CALM else pause
            _log.warning("%s ended with %s; it is started again in %.1f s", self.name, code, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


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
